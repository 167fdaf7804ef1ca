import type {
  CallEvent,
  CallEventListener,
  CallEvents,
  CallIdentity,
  PublishedCallEvent
} from './contracts/call-events.ts'

/** The in-process bus. A listener that throws is reported to `onListenerError` and disturbs nobody else. */
export function createCallEvents(options: {
  /** Epoch milliseconds. */
  now: () => number
  onListenerError: (error: unknown, type: CallEvent['type']) => void
}): CallEvents {
  const listeners = new Set<CallEventListener>()

  function publish(call: CallIdentity, event: CallEvent): void {
    const published: PublishedCallEvent = { call, at: options.now(), event }
    for (const listener of listeners) {
      try {
        listener(published)
      } catch (error) {
        options.onListenerError(error, event.type)
      }
    }
  }

  function subscribe(listener: CallEventListener): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  return { publish, subscribe }
}
