import { VirtualClock } from '../../services/virtual-clock.ts'

/** A clock that a test moves by hand. */
export class ManualClock extends VirtualClock {
  /** Runs what falls due in this time, and after each what comes of it. */
  async pass(ms: number): Promise<void> {
    const until = this.now() + ms
    for (let next = this.nextAt; next !== null && next <= until; next = this.nextAt) {
      this.advanceTo(next)
      await new Promise((resolve) => setImmediate(resolve))
    }
    this.advanceTo(until)
  }
}
