// Before the first paint, so that no theme flashes: the chosen one, or the system's. A file of its own, since the page's policy
// (index.html) runs no script that stands in the page.
const wanted = (() => {
  try {
    return JSON.parse(localStorage.getItem('glasshouse.settings') ?? '{}').theme
  } catch {
    return 'system'
  }
})()
const dark = wanted === 'dark' || (wanted !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
document.documentElement.dataset.theme = dark ? 'dark' : 'light'
