/** Hands a file over to the browser's downloads. @param {Blob} blob @param {string} name */
export function saveBlob(blob, name) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  // The browser takes it at the click; a later task is late enough to let it go.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
