// Sizes in words, for page, worker and command line alike: in powers of 1,000, as disks and browsers count.
const unit = (name: string, digits = 0, unitDisplay: 'short' | 'long' = 'short') =>
  new Intl.NumberFormat('en', { style: 'unit', unit: name, unitDisplay, maximumFractionDigits: digits })
const UNITS = {
  byte: unit('byte', 0, 'long'),
  kilobyte: unit('kilobyte'),
  megabyte: unit('megabyte', 1),
  gigabyte: unit('gigabyte', 1),
}

/** 12 bytes, 432 kB, 12.8 MB */
export function bytes(count: number): string {
  if (count < 1e3) return UNITS.byte.format(count)
  // What would be rounded to 1,000 is one of the next unit.
  if (count < 999.5e3) return UNITS.kilobyte.format(count / 1e3)
  return count < 999.95e6 ? UNITS.megabyte.format(count / 1e6) : UNITS.gigabyte.format(count / 1e9)
}
