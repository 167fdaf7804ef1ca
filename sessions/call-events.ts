import type {
  CallEvent,
  CallEventListener,
  CallEvents,
  CallIdentity,
  PublishedCallEvent
} from './contracts/call-events.ts'

interface Subscription {
  readonly listener: CallEventListener
  readonly hears: (type: CallEvent['type']) => boolean
  left: boolean
}

/** The in-process bus. A listener that throws is reported to `onListenerError` and disturbs nobody else. */
export function createCallEvents(options: {
  /** Epoch milliseconds. */
  now: () => number
  onListenerError: (error: unknown, type: CallEvent['type']) => void
}): CallEvents {
  const subscriptions = new Set<Subscription>()
  /** Who hears which type, in the order of subscription: most of a reply's events are for nobody, and cost nothing. */
  const routes = new Map<CallEvent['type'], readonly Subscription[]>()

  function publish(call: CallIdentity, event: CallEvent): void {
    const hearers = routes.get(event.type) ?? routeOf(event.type)
    if (hearers.length === 0) return
    const published: PublishedCallEvent = { call, at: options.now(), event }
    for (const subscription of hearers) {
      if (subscription.left) continue
      try {
        subscription.listener(published)
      } catch (error) {
        options.onListenerError(error, event.type)
      }
    }
  }

  function routeOf(type: CallEvent['type']): readonly Subscription[] {
    const route = [...subscriptions].filter(({ hears }) => hears(type))
    routes.set(type, route)
    return route
  }

  function subscribe(
    listener: CallEventListener,
    hears: (type: CallEvent['type']) => boolean = () => true
  ): () => void {
    const subscription = { listener, hears, left: false }
    subscriptions.add(subscription)
    routes.clear()
    return () => {
      subscription.left = true
      subscriptions.delete(subscription)
      routes.clear()
    }
  }

  return { publish, subscribe }
}
