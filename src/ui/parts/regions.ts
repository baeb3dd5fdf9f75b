// Codes that a recipe can name, with their names in the language of the page: countries whose telephone numbers are known (those of
// libphonenumber), and languages that can be told apart (those of franc).
import { LOCALE } from '../format'

export const COUNTRIES: readonly string[] = (
  'AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ CA CC CD CF ' +
  'CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG ' +
  'GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW ' +
  'KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF ' +
  'NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM ' +
  'SN SO SR SS ST SV SX SY SZ TA TC TD TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK ' +
  'YE YT ZA ZM ZW'
).split(' ')

export const LANGUAGES: readonly string[] = (
  'amh arb azj bel ben bho bos bul ceb ces ckb cmn deu ell eng fra fuv guj hau hin hms hnj hrv hun ibo ilo ind ita jav jpn kan kaz kin koi kor lin mad mag mai mal ' +
  'mar mya nld npi nya pan pbu pes plt pol por qug ron run rus sin skr som spa srp sun swe swh tam tel tgl tha tur ukr urd uzn vie yor zlm zul zyb'
).split(' ')

const regions = new Intl.DisplayNames(LOCALE, { type: 'region' })
const languages = new Intl.DisplayNames(LOCALE, { type: 'language' })

/** ISO 3166, two capitals. */
export const countryName = (code: string) => regions.of(code) ?? code
/** ISO 639-3. */
export const languageName = (code: string) => languages.of(code) ?? code
