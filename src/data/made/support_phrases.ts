// What is said in generated support conversations. {order}, {email} and the like stand for an invented person's data; {item},
// {weekday} and {amount} belong to nobody.
import type { PersonalKind } from './personal_data'

/** What a customer wants. */
export interface Scenario {
  openings: readonly string[]
  /** What support may ask for. */
  asks: readonly PersonalKind[]
  resolutions: readonly string[]
}

export const SCENARIOS: readonly Scenario[] = [
  {
    openings: [
      'Hi, my {item} was supposed to arrive on {weekday} and it still isn’t here.',
      'Where is my parcel? I ordered a {item} last week, order {order}.',
      'Hello, this is {name}. The tracking for {order} has not moved since {weekday}.',
      'Good morning! Could you check on order {order}? It should have been here on {weekday}.',
      'I have been waiting for my {item} for nine days now. What is going on?',
    ],
    asks: ['address', 'phone', 'name', 'email'],
    resolutions: [
      'Thanks, {first}. Order {order} left our depot this morning and should reach you on {weekday}.',
      'I found it: the carrier had {order} on hold. It will be delivered on {weekday}.',
      'I’m sorry about the wait. I have sent a new {item} under the same number, {order}.',
      'The courier tried to deliver {order} on {weekday} and nobody was in. I have booked a new attempt.',
    ],
  },
  {
    openings: [
      'I’d like to return the {item} I bought. It’s the wrong size.',
      'How do I send back a {item}? The order is {order}.',
      'Hi, {name} here. I changed my mind about order {order} and want to return it.',
      'My {item} doesn’t fit. Can I get my {amount} back?',
      'Hello, I need a return label for {order}, please.',
    ],
    asks: ['email', 'address', 'iban', 'name'],
    resolutions: [
      'The return for {order} is booked. You will have {amount} back within five days.',
      'Done! I sent the label for {order}; drop the parcel off by {weekday}.',
      'We have taken note of your return, {first}. Once {order} is back with us, we refund {amount}.',
      'I opened a return for {order}. A courier collects the {item} on {weekday}.',
    ],
  },
  {
    openings: [
      'You charged me {amount} twice!',
      'There are two payments for order {order} on my statement.',
      'Hello, my name is {name} and I was billed {amount} for something I cancelled.',
      'Why was my card charged {amount} on {weekday}? I only ordered a {item}.',
      'Can someone explain the bill for {order}? It is {amount} too high.',
    ],
    asks: ['card', 'iban', 'account', 'birth'],
    resolutions: [
      'You are right, {order} was billed twice. I have returned {amount} to you.',
      'I see the second payment for {order}. The {amount} will be back by {weekday}.',
      'The difference on {order} was a delivery fee. As a courtesy I have taken {amount} off.',
      'I cancelled the extra charge on {order}, {first}. Your bank may need until {weekday} to show it.',
    ],
  },
  {
    openings: [
      'I can’t log in any more. It says my account is locked.',
      'Somebody seems to have logged in to my account on {weekday}. It wasn’t me.',
      'Hi! I forgot my password and the reset mail never arrives.',
      'This is {name}. My login stopped working after I bought a {item}.',
      'Your site keeps throwing me out when I open order {order}.',
    ],
    asks: ['email', 'ip', 'account', 'birth', 'handle'],
    resolutions: [
      'Your account is open again, {first}. Nothing was changed on order {order}.',
      'I reset your password. You can follow order {order} as before.',
      'The lock came from too many attempts. It is lifted, and {order} is not affected.',
      'I have signed out every device. Please look whether {order} is still the way you left it.',
    ],
  },
  {
    openings: [
      'I have moved. Please send my {item} to the new address.',
      'Hi, I need to change where order {order} goes.',
      'Can you update my details? I am {name}, and I moved on {weekday}.',
      'The address on order {order} is the old one, can you still fix that?',
      'Please change my delivery address before {weekday}.',
    ],
    asks: ['address', 'phone', 'email', 'name'],
    resolutions: [
      'All set: order {order} now goes to your new address and arrives on {weekday}.',
      'I updated the address on {order}, {first}.',
      'Just in time. The label for {order} is printed anew with the right address.',
      'Your details are changed, and {order} with them. Expect it on {weekday}.',
    ],
  },
  {
    openings: [
      'My {item} arrived broken.',
      'The {item} from order {order} stopped working after two days.',
      'Hello, {name} writing. The box of {order} was open and the {item} is scratched.',
      'I unpacked the {item} on {weekday} and a part is missing.',
      'Your {item} makes a terrible noise. I want another one or my {amount} back.',
    ],
    asks: ['email', 'url', 'phone', 'address'],
    resolutions: [
      'I’m sorry, {first}. A new {item} for order {order} goes out on {weekday}.',
      'Thank you for the pictures. I have refunded {amount} for {order}.',
      'The missing part for {order} is on its way and should be there by {weekday}.',
      'Keep the {item}: I have credited {amount} for {order}.',
    ],
  },
  {
    openings: [
      'I want to close my account and have everything deleted.',
      'Please cancel order {order}.',
      'Hi, can I cancel the {item} I ordered on {weekday}?',
      'This is {name}, I no longer need order {order}.',
      'How do I stop your newsletters? I get three a day.',
    ],
    asks: ['email', 'handle', 'account', 'name'],
    resolutions: [
      'Order {order} is cancelled. You are not charged anything.',
      'I have closed the account; {order} was the last order on it.',
      'That is done, {first}. You will hear no more from us except about {order}.',
      'I stopped {order} before it was packed. The {amount} goes back to you.',
    ],
  },
  {
    openings: [
      'Do I still have warranty on my {item}?',
      'I need an invoice for {order}, for my tax return.',
      'Good evening, {name} here. The discount code did not work on order {order}.',
      'I reviewed the {item} and was promised {amount} for it.',
      'Can I add a second {item} to my order from {weekday}?',
    ],
    asks: ['url', 'handle', 'email', 'phone'],
    resolutions: [
      'I have sent you the papers for {order}. The warranty runs for two years.',
      'The discount of {amount} is now on {order}.',
      'Good news, {first}: {order} has been changed as you asked.',
      'I attached it to {order}; you can see it there from {weekday} on.',
    ],
  },
]

/** How support asks for something, and how it is given. */
export const DETAILS: Readonly<Record<PersonalKind, { asks: readonly string[]; answers: readonly string[] }>> = {
  order: {
    asks: ['Could you give me the order number?', 'I’m happy to look. Which order is it?'],
    answers: ['It is {order}.', 'Order number {order}.', 'Here it is: {order}', '{order}, I hope I copied that right.'],
  },
  name: {
    asks: ['And what name is it under?', 'May I have your full name, please?'],
    answers: ['My name is {name}.', '{name}', 'It should be under {name}.', 'I’m {name}.'],
  },
  email: {
    asks: ['Which e-mail address do you use with us?', 'Where can I send the confirmation?'],
    answers: ['{email}', 'My e-mail is {email}.', 'Please write to {email}, thanks.', 'You can reach me at {email}.'],
  },
  phone: {
    asks: ['Is there a number where the driver can call you?', 'What is your phone number?'],
    answers: ['Sure, {phone}.', 'Call me on {phone} after six.', '{phone} is my mobile.', 'My number is {phone}.'],
  },
  account: {
    asks: ['Can you tell me your customer number?', 'I need your account number for that.'],
    answers: [
      'Customer number {account}.',
      'My account number is {account}.',
      'The letter says account no. {account}.',
    ],
  },
  address: {
    asks: ['What is your full address?', 'Where should it go?'],
    answers: ['I live at {address}.', 'To {address}, please.', '{address}', 'The address is {address}. Ring twice.'],
  },
  birth: {
    asks: ['To be sure it is you: your date of birth?', 'For security I need your date of birth.'],
    answers: [
      'I was born on {birth}.',
      'Date of birth: {birth}',
      '{birth} is my birthday.',
      'My date of birth is {birth}.',
    ],
  },
  iban: {
    asks: ['Which bank account should the money go to?', 'Please tell me your IBAN.'],
    answers: ['My IBAN is {iban}.', 'IBAN {iban}', 'Send it to {iban}, please.'],
  },
  card: {
    asks: ['Which card did you pay with?', 'What is the number of the card that was charged?'],
    answers: ['The card is {card}.', 'I paid with {card}.', 'Card number {card}, does that help?'],
  },
  ip: {
    asks: ['The error page shows an IP address. Which one?', 'Could you tell me the IP address you connect from?'],
    answers: ['It says {ip}.', 'My IP is {ip}.', 'The page shows {ip}.'],
  },
  url: {
    asks: ['Do you have a link to your profile or the pictures?', 'Could you send me the link?'],
    answers: ['Here: {url}', 'I put it on {url} today.', 'See {url} for the pictures.'],
  },
  handle: {
    asks: ['What is your user name with us?', 'Did you write to us on social media? Under which name?'],
    answers: ['I am {handle} there.', 'My user name is {handle}.', 'I wrote to you as {handle}.'],
  },
}

/** What support says before it asks on. */
export const BRIDGES: readonly string[] = [
  'Thank you.',
  'Thanks, got that.',
  'Perfect.',
  'One moment … found you.',
  'All right.',
]
export const THANKS: readonly string[] = [
  'Thank you so much!',
  'Great, thanks for the quick help.',
  'Finally. Thanks.',
  'That is all I needed, bye!',
  'Wonderful, have a nice day.',
  'Okay. Please mail {email} if anything changes.',
  'Cheers, {first}',
  'Thanks. If there is a problem, ring {phone}.',
]
export const FAREWELLS: readonly string[] = [
  'You’re welcome, {first}!',
  'Glad I could help. Have a good {weekday}.',
  'Any time. Take care!',
  'Happy to help. Enjoy your {item}!',
  'Thank you for your patience, {first}.',
  'Goodbye, and thanks for shopping with us.',
]
export const GREETINGS: readonly string[] = [
  'You answer customers of a small shop. Be brief and kind.',
  'You are the support desk of an online shop.',
  'Help the customer. Ask for one thing at a time.',
]

export const ITEMS: readonly string[] =
  'kettle,desk lamp,rain jacket,pair of boots,bicycle helmet,headset,coffee grinder,backpack,wall clock,keyboard,blanket,toaster,tent,garden chair,suitcase,scarf'.split(
    ',',
  )
export const WEEKDAYS: readonly string[] = 'Monday,Tuesday,Wednesday,Thursday,Friday,Saturday'.split(',')
