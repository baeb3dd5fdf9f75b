// Invented people: names, addresses, numbers and accounts that belong to nobody. E-mail and web addresses use the names set aside
// for examples (RFC 2606). IP addresses are those for documentation (RFC 5737, RFC 3849). Telephone numbers are those for fiction:
// 555-01xx in North America, elsewhere what Ofcom, the Bundesnetzagentur and Arcep name. Card numbers are those that payment
// services publish for tests. The bank codes of the IBANs are given to no bank. Checksums are right.
import type { Rng } from '../../rng'

/** The kinds of personal data that generated conversations have in them. */
export const PERSONAL_KINDS = [
  'name',
  'email',
  'phone',
  'order',
  'account',
  'address',
  'birth',
  'iban',
  'card',
  'ip',
  'url',
  'handle',
] as const
export type PersonalKind = (typeof PERSONAL_KINDS)[number]

/** One invented person, by kind; `first` is the first name alone. */
export type Person = Readonly<Record<PersonalKind | 'first', string>>

/** What an order number looks like. */
export const ORDER = /\b[a-z]{2}-\d{6}\b/gi

const FIRST =
  'Ada Amir Anneke Beatriz Bruno Carmen Chidi Clara Daniel Dilara Edith Elif Emeka Esther Farid Fiona Gideon Greta Hana Hugo Imani Ines Ivan Jasper Joana Kamala Kenji Lars Leila Lucia Magnus Malik Marta Mei Milan Nadia Naomi Nils Olga Omar Paula Petra Priya Rafael Rosa Ruth Samira Selma Stefan Tariq Tessa Tomas Uma Vera Viktor Wanda Yara Yusuf Zoe Zoran'
const LAST =
  'Abara Adler Almeida Baptiste Becker Bianchi Brandt Castillo Chen Conti Dahl Delgado Demir Diallo Dvorak Eriksen Farouk Fischer Garner Haddad Hartley Hoffmann Ibrahim Ivanova Jansen Kaya Keller Kowalski Larsen Lindqvist Lopes Marchetti Mbeki Mendes Moreau Nakamura Novak Nwosu Obrien Okafor Oliveira Osman Palmer Petrov Quist Rahman Reyes Rossi Sandhu Santos Schneider Silva Sorensen Takeda Tanaka Turner Varga Weber Whitlock Yilmaz'
const STREET =
  'Larkspur Foxglove Juniper Copperfield Quarry Millbrook Harbourview Chestnut Lantern Weaver Saddlers Orchard Thistle Bramble Heron Kingfisher Windmill Cobbler Rosemary Tanner'
const WAY = 'Street Road Lane Avenue Close Drive Court'
const TOWN =
  'Willowbrook Eastmere Northam Fairhollow Stonebridge Ashcombe Redwater Lakemoor Highcross Pinefield Oldcastle Merrivale'
const MONTH = 'January February March April May June July August September October November December'
/** Published for tests by payment services: Visa, Mastercard, American Express, Discover, Diners Club, JCB. */
const CARD = [
  '4242 4242 4242 4242',
  '4111 1111 1111 1111',
  '4012 8888 8888 1881',
  '4000 0566 5566 5556',
  '5555 5555 5555 4444',
  '5105 1051 0510 5100',
  '2223 0031 2200 3222',
  '3782 822463 10005',
  '3714 496353 98431',
  '6011 1111 1111 1117',
  '6011 0009 9013 9424',
  '3056 9309 0259 04',
  '3566 0020 2036 0505',
]
const AREA = ['202', '212', '303', '312', '415', '503', '617', '713']

/** `order` is its own for each person where the caller says so: all else may be shared by chance. */
export function inventPerson(rng: Rng): Person {
  const among = (words: string | readonly string[]): string => {
    const list = typeof words === 'string' ? words.split(' ') : words
    return list[rng.below(list.length)]!
  }
  const digits = (n: number) => Array.from({ length: n }, () => rng.below(10)).join('')
  const letters = (n: number) => Array.from({ length: n }, () => String.fromCharCode(65 + rng.below(26))).join('')
  const between = (min: number, max: number) => min + rng.below(max - min + 1)
  const two = (n: number) => String(n).padStart(2, '0')

  const first = among(FIRST)
  const last = among(LAST)
  const year = between(1940, 2005)
  const month = between(1, 12)
  const day = between(1, 28)
  const user = among([
    `${first}.${last}`,
    `${first[0]}${last}`,
    `${first}_${last[0]}${two(year % 100)}`,
    `${last}${between(1, 99)}`,
    `${first}${year}`,
  ]).toLowerCase()
  const line = digits(2)
  const area = among(AREA)
  const house = between(1, 240)
  const street = `${among(STREET)} ${among(WAY)}`
  return {
    first,
    name: `${first} ${last}`,
    email: `${user}@${among(['example.com', 'example.org', 'example.net', 'mail.example.com', 'post.example.org'])}`,
    phone: among([
      `(${area}) 555-01${line}`,
      `${area}-555-01${line}`,
      `+1 ${area} 555 01${line}`,
      `+44 131 496 0${digits(3)}`,
      `+44 20 7946 0${digits(3)}`,
      `+49 30 23125${digits(3)}`,
      `+49 171 39200${line}`,
      `+33 1 99 00 ${line} ${digits(2)}`,
    ]),
    order: `${letters(2)}-${digits(6)}`,
    account: `${between(1, 9)}${digits(8)}`,
    address: among([
      `${house} ${street}, ${among(TOWN)}`,
      `${house} ${street}, Apt ${between(1, 40)}, ${among(TOWN)}`,
      `${house}${among('A B C')} ${street}, ${among(TOWN)} ${digits(5)}`,
    ]),
    birth: among([
      `${year}-${two(month)}-${two(day)}`,
      `${two(day)}.${two(month)}.${year}`,
      `${month}/${day}/${year}`,
      `${day} ${MONTH.split(' ')[month - 1]} ${year}`,
      `${MONTH.split(' ')[month - 1]} ${day}, ${year}`,
    ]),
    iban: grouped(among([ibanOf('GB', `TEST${digits(14)}`), ibanOf('DE', `00000000${digits(10)}`)])),
    card: spelled(among(CARD), among([' ', '-', ''])),
    ip: among([
      `192.0.2.${between(1, 254)}`,
      `198.51.100.${between(1, 254)}`,
      `203.0.113.${between(1, 254)}`,
      `2001:db8::${between(1, 0xffff).toString(16)}`,
    ]),
    url: `https://${among(['shop.example.com', 'www.example.org', 'example.net'])}/${among(['users', 'profile', 'u'])}/${user.replace('.', '-')}`,
    handle: `@${user.replace('.', '_')}`,
  }
}

/** An account number with its country and check digits (ISO 13616): the whole, turned around, is 1 modulo 97. */
function ibanOf(country: string, account: string): string {
  const number = [...`${account}${country}00`].map((c) => parseInt(c, 36)).join('')
  return `${country}${String(98n - (BigInt(number) % 97n)).padStart(2, '0')}${account}`
}

const grouped = (iban: string) => iban.replace(/.{4}(?=.)/g, '$& ')
const spelled = (card: string, separator: string) => card.replaceAll(' ', separator)
