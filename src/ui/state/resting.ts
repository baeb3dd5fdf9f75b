// When training should take one core and leave the others alone: nobody looks at the page, or the battery runs low. No browser tells a page
// of its system's battery saver. Only Chromium tells of the battery (w3c.github.io/battery), so elsewhere the first sign is the only one.

/** The share of its charge below which phones and laptops begin to save their battery. */
const LOW = 0.2

interface Battery extends EventTarget {
  readonly charging: boolean
  readonly level: number
}

/** Calls `tell` at once, and whenever it changes. */
export function onResting(tell: (resting: boolean) => void): void {
  let battery: Battery | null = null
  let told: boolean | null = null
  const look = () => {
    const isLow = battery !== null && !battery.charging && battery.level <= LOW
    const resting = document.visibilityState === 'hidden' || isLow
    if (resting !== told) tell((told = resting))
  }
  addEventListener('visibilitychange', look)
  look()
  const { getBattery } = navigator as { getBattery?: () => Promise<Battery> }
  getBattery?.call(navigator).then(
    (found) => {
      battery = found
      for (const change of ['chargingchange', 'levelchange']) found.addEventListener(change, look)
      look()
    },
    () => undefined, // The browser does not tell this page.
  )
}
