import { signal } from '@preact/signals'
import { animation } from '../../parts/animation.js'

/** Plays a recording: where it is, and from where it goes on. */
export class Player {
  /** Seconds. */
  position = signal(0)
  playing = signal(false)
  rate = signal(1)
  #audio = new Audio()
  #url
  #stopWatching = () => {}

  /** @param {Blob} blob */
  constructor(blob) {
    this.#url = URL.createObjectURL(blob)
    this.#audio.src = this.#url
    this.#audio.preservesPitch = true
    this.#audio.addEventListener('play', () => this.#watch())
    this.#audio.addEventListener('pause', () => this.#rest())
    this.#audio.addEventListener('ended', () => this.#rest())
    this.#audio.addEventListener('seeked', () => this.#look())
  }

  toggle() {
    if (this.playing.value) this.#audio.pause()
    else this.#play()
  }

  /** @param {number} seconds */
  seek(seconds) {
    const latest = Number.isFinite(this.#audio.duration) ? this.#audio.duration : seconds
    this.#audio.currentTime = Math.min(Math.max(0, seconds), latest)
    this.#look()
  }

  /** @param {number} seconds */
  playFrom(seconds) {
    this.seek(seconds)
    this.#play()
  }

  /** @param {number} rate */
  setRate(rate) {
    this.rate.value = rate
    this.#audio.playbackRate = rate
  }

  close() {
    this.#audio.pause()
    this.#stopWatching()
    this.#audio.removeAttribute('src')
    URL.revokeObjectURL(this.#url)
  }

  #play() {
    // Refused where the page was not yet touched: the button is there to be pressed.
    this.#audio.play().catch(() => undefined)
  }

  #look() {
    this.position.value = this.#audio.currentTime
  }

  #watch() {
    this.playing.value = true
    this.#stopWatching()
    this.#stopWatching = animation.add(() => this.#look())
  }

  #rest() {
    this.playing.value = false
    this.#stopWatching()
    this.#look()
  }
}
