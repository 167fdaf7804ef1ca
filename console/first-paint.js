// Before anything is painted, so that a chosen theme and language don't flash. A classic script, run at once.
;(() => {
  const read = (/** @type {string} */ name) => {
    try {
      return localStorage.getItem(name)
    } catch {
      return null
    }
  }
  const theme = read('offhook.theme')
  const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
  document.documentElement.dataset.theme = theme === 'light' || theme === 'dark' ? theme : system
  const language = read('offhook.language') ?? navigator.language.slice(0, 2)
  document.documentElement.lang = language === 'fr' ? 'fr' : 'en'
})()
