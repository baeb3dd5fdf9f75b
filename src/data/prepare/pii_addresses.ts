// Finds street addresses as English, German and its neighbours, French, Spanish, Italian and Portuguese write them. An address is
// a house number beside a word that says street. A flat, a postcode and a town after it belong to it.
import { matches, onLinesWithDigits, type Finder, type Span } from './pii_patterns'

const CAPITAL = `\\p{Lu}[\\p{L}\\p{M}'’.-]{0,24}`
const ENGLISH_STREET =
  'Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Place|Square|Sq|Terrace|Close|Crescent|Row|Hill|Gardens|' +
  'Highway|Hwy|Parkway|Pkwy|Walk|Grove|Mews|Way'
/** “221B Baker Street”, “20 W 34th Street”: a number, one to four words with capitals or ordinals, what it is. */
const ENGLISH = new RegExp(
  `(?<![\\p{L}\\d.,/:-])\\d{1,5}[A-Za-z]?,? (?:(?:${CAPITAL}|\\d{1,3}(?:st|nd|rd|th)) ){1,4}(?:${ENGLISH_STREET})(?![\\p{L}\\p{N}'’-])(?:(?<=St|Rd|Ave|Ln|Dr|Blvd|Ct|Sq|Hwy|Pkwy)\\.)?`,
  'gu',
)
/** Numbers and capitals that stand before such a word in other senses. */
const NO_STREET =
  /^(?:\d+ (?:Star|Day|Days|Way|Minutes?|Miles?|Ways|Years?)\b|.*\b(?:Chapter|Records|The|And|Of|In|Is|Was) )/

const GERMANIC =
  'stra(?:ß|ss)en?|str\\.|weg|allee|platz|gasse|damm|ufer|ring|markt|steig|straat|laan|gracht|plein|kade|gatan|vägen|gata|gaten|vej|veien|gade'
/** “Musterstraße 12”, “Lange Str. 7a”, “Am Alten Markt 3”, “Unter den Linden 77”. */
const GERMAN = new RegExp(
  `(?<![\\p{L}\\p{N}-])(?:(?:Am|An der|Im|In der|Auf der|Zum|Zur|Unter den) (?:${CAPITAL} ){0,2}${CAPITAL}` +
    `|(?:${CAPITAL}[ -]){0,2}\\p{Lu}[\\p{L}-]{0,24}?(?:${GERMANIC})` +
    `|(?:${CAPITAL}[ -]){1,2}(?:Stra(?:ß|ss)e|Str\\.|Allee|Platz|Weg|Gasse|Ring|Damm|Ufer|Markt)) \\d{1,3} ?[a-h]?(?![\\p{L}\\p{N}]|[.,:]\\d)`,
  'gu',
)
/** Words that end as streets do, and others that a number follows. */
const NO_GERMAN =
  /^(?:Spring|String|During|Bring|Hering|Nahring|Sering|Wiring|Scoring|Engineering|Monitoring|Rating|Offering|Am|Im|Zum|Zur|Norweg|Hinweg|Markt|Platz|Weg|Ring)$/
/** “Am 5. März”: no street has a month or a day for its name. */
const TIMES =
  /(?:Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember|Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonntag|Jahr|Alter|Kapitel|Teil|Seite|Ende|Anfang) \d/

const SMALL = `(?:de la |de los |de las |de l['’]|de |del |des |du |d['’]|della |delle |dei |di |da |do |dos |das |la |le |les |los |las |l['’])`
/** “15 rue de la Paix”, “8 bis avenue Victor Hugo”. */
const FRENCH = new RegExp(
  `(?<![\\p{L}\\d.,/:-])\\d{1,4}(?: ?(?:bis|ter))?,? (?:[Rr]ue|[Aa]venue|[Aa]v\\.|[Bb]oulevard|[Bb]d|[Pp]lace|[Cc]hemin|[Aa]llée|[Ii]mpasse|[Qq]uai|[Rr]oute|[Cc]ours) ` +
    `${SMALL}{0,2}${CAPITAL}(?:[ -]${SMALL}?${CAPITAL}){0,3}`,
  'gu',
)
/** “Calle de Alcalá 45”, “Via Garibaldi 10”, “Rua Augusta, 250”. */
const ROMANCE = new RegExp(
  `(?<![\\p{L}\\p{N}])(?:Calle|C/|C\\.|Avenida|Avda\\.?|Av\\.|Paseo|Plaza|Carrera|Camino|Via|Viale|Piazza|Corso|Rua|Travessa|Praça) ` +
    `${SMALL}{0,2}${CAPITAL}(?: ${SMALL}?${CAPITAL}){0,3},? (?:[nN](?:[º°.]|o\\.?|úm\\.?) ?)?\\d{1,5}(?![\\p{L}\\p{N}]|[.,:]\\d)`,
  'gu',
)
const BOX =
  /(?<!\p{L})(?:P\. ?O\. ?Box|PO Box|Post Office Box|Postfach|Apartado(?: de correos)?|Boîte postale|BP) \d{2,6}(?!\d)/giu

/** A flat; a town before a code (“, Portland, OR 97201”, “, London NW1 6XE”) or behind it (“, 10115 Berlin”). */
const TAIL = new RegExp(
  `(?:,? (?:Apt|Apartment|Flat|Suite|Unit|#)\\.? ?[A-Z]?\\d{0,4}[A-Z]?(?![\\p{L}\\p{N}]))?` +
    `(?:,? (?:${CAPITAL}[ ]?){1,3},? [A-Z]{2} \\d{5}(?:-\\d{4})?(?!\\d)` +
    `|,? (?:${CAPITAL} ){0,3}[A-Z]{1,2}\\d[A-Z\\d]? \\d[A-Z]{2}(?![\\p{L}\\p{N}])` +
    `|, (?:[A-Z]{1,2}-)?\\d{4,5}(?: [A-Z]{2}(?!\\p{L}))? ${CAPITAL}(?:[ -]${CAPITAL}){0,2})?`,
  'uy',
)

export const findAddresses: Finder = onLinesWithDigits((window) => {
  const found: Span[] = [
    ...matches(ENGLISH, window).filter(({ match: [street] }) => !NO_STREET.test(street)),
    ...matches(GERMAN, window).filter(
      ({ match: [street] }) => !NO_GERMAN.test(street.replace(/ \d.*$/, '')) && !TIMES.test(street),
    ),
    ...matches(FRENCH, window),
    ...matches(ROMANCE, window),
    ...matches(BOX, window),
  ]
  return found.map(({ start, end }) => {
    TAIL.lastIndex = end
    TAIL.test(window)
    return { start, end: Math.max(end, TAIL.lastIndex) }
  })
})
