import { VirtualClock } from '../../services/virtual-clock.ts'

/** A clock that a test moves by hand. */
export class ManualClock extends VirtualClock {}
