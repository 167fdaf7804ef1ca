import { html } from 'htm/preact'

/** Paths on a grid of 24, drawn with a line of 1.8. */
const PATHS = {
  talk: 'M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3',
  live: 'M3 12h2M7 8v8M11 4.5v15M15 8.5v7M19 10.5v3M22 12h-.5',
  calls: 'M4 5.5h16M4 12h16M4 18.5h10',
  usage: 'M4 20V10M10 20V4M16 20v-7M21 20H3',
  agents: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20.5a7.5 7.5 0 0 1 15 0',
  products: 'M12 3 4 7v10l8 4 8-4V7l-8-4ZM4 7l8 4 8-4M12 11v10',
  numbers: 'M9 3 7 21M17 3l-2 18M4 8.5h17M3 15.5h17',
  health: 'M3 12h4l2.5-6 4 12L16 12h5',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  phone:
    'M6.5 3.5h3l1.5 4-2 1.5a11 11 0 0 0 5.5 5.5l1.5-2 4 1.5v3a2 2 0 0 1-2.200 2A16.5 16.5 0 0 1 4.5 5.700a2 2 0 0 1 2-2.200Z',
  hangUp: 'M3.5 14.5c5-5 12-5 17 0l-2 3-4-1.5v-2.5a10 10 0 0 0-5 0V16l-4 1.5-2-3Z',
  mic: 'M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3',
  micOff:
    'M15 11V6a3 3 0 0 0-5.700-1.300M9 9v3a3 3 0 0 0 4.5 2.600M5.5 11.5a6.5 6.5 0 0 0 10.300 5.300M18.5 11.5c0 .8-.1 1.5-.4 2.200M12 18v3M3.5 3.5l17 17',
  keypad: 'M6 5h.01M12 5h.01M18 5h.01M6 11h.01M12 11h.01M18 11h.01M6 17h.01M12 17h.01M18 17h.01',
  listen:
    'M4 13a8 8 0 0 1 16 0M4 13v4a2 2 0 0 0 2 2h1v-7H5a1 1 0 0 0-1 1ZM20 13v4a2 2 0 0 1-2 2h-1v-7h2a1 1 0 0 1 1 1Z',
  whisper: 'M4 5h16v11H9l-5 4V5ZM8 9.5h8M8 12.5h5',
  say: 'M4 10v4h3.5L12 18V6l-4.5 4H4ZM15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11',
  mute: 'M4 10v4h3.5L12 18V6l-4.5 4H4ZM16 9.5l5 5M21 9.5l-5 5',
  transfer: 'M14 4h6v6M20 4l-8 8M10 5H6a2 2 0 0 0-2 2v11a2 2 0 0 0 2 2h11a2 2 0 0 0 2-2v-4',
  check: 'M4.5 12.5l5 5L19.5 7',
  alert:
    'M12 8v5M12 16.5v.01M10.300 4 2.700 17.5A2 2 0 0 0 4.400 20.5h15.200a2 2 0 0 0 1.700-3L13.700 4a2 2 0 0 0-3.400 0Z',
  close: 'M6 6l12 12M18 6L6 18',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 2.5v2M12 19.5v2M4.200 4.200l1.5 1.5M18.300 18.300l1.5 1.5M2.5 12h2M19.5 12h2M4.200 19.800l1.5-1.5M18.300 5.700l1.5-1.5',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z',
  signOut: 'M14 4H6a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h8M10 12h11M17.5 8.5 21 12l-3.5 3.5',
  send: 'M4 12 20 4l-5 16-3.5-6.5L4 12Z',
  download: 'M12 4v11M7.5 10.5 12 15l4.5-4.5M4.5 19.5h15',
  plus: 'M12 5v14M5 12h14',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.5 15.5 20.5 20.5',
  chevron: 'M9 5l7 7-7 7',
  back: 'M15 5l-7 7 7 7',
  play: 'M7 4.5v15l12-7.5-12-7.5Z',
  pause: 'M8 5v14M16 5v14',
  stop: 'M6 6h12v12H6z',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7.5V12l3 2',
  edit: 'M4 20h4L19.5 8.5l-4-4L4 16v4ZM13 7l4 4',
  trash: 'M4.5 6.5h15M9 6.5V4h6v2.5M6.5 6.5l1 13.5h9l1-13.5',
  refresh: 'M20 11a8 8 0 0 0-14.5-3.5L3.5 10M3.5 4.5V10H9M4 13a8 8 0 0 0 14.5 3.5l2-2.5M20.5 19.5V14H15',
  upload: 'M12 16V5M7.5 9.5 12 5l4.5 4.5M4.5 19.5h15'
}

/** @typedef {keyof typeof PATHS} IconName */

/** A picture beside words; it says nothing by itself. @param {{ name: IconName }} props */
export function Icon({ name }) {
  return html`<svg
    class="icon"
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    stroke-width=${name === 'more' || name === 'keypad' ? 2.6 : 1.8}
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    <path d=${PATHS[name]} />
  </svg>`
}
