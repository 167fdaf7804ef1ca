/**
 * What the browser keeps; where it keeps nothing (private windows of some), the page goes on without.
 *
 * @param {'localStorage' | 'sessionStorage'} place
 * @param {string} name
 */
export function stored(place, name) {
  const key = `offhook.${name}`
  return {
    /** @returns {string | null} */
    read() {
      try {
        return window[place].getItem(key)
      } catch {
        return null
      }
    },
    /** @param {string | null} value null to forget */
    write(value) {
      try {
        if (value === null) window[place].removeItem(key)
        else window[place].setItem(key, value)
      } catch {
        // Kept for as long as the page lives, then.
      }
    }
  }
}
