/**
 * Every view of the console: its name in the address, its picture, and where it is fetched from once it is opened.
 * A view's module exports one component, `View`; `style` is a stylesheet of its own, if it has one.
 *
 * @type {readonly { name: string, icon: import('../parts/icon.js').IconName, group: 'now' | 'past' | 'setup', load: () => Promise<{ View: any }>, style?: string }[]}
 */
export const VIEWS = [
  {
    name: 'talk',
    icon: 'talk',
    group: 'now',
    load: () => import('../views/talk/view.js'),
    style: '/console/views/talk/talk.css'
  },
  {
    name: 'live',
    icon: 'live',
    group: 'now',
    load: () => import('../views/live/view.js'),
    style: '/console/views/live/live.css'
  },
  {
    name: 'calls',
    icon: 'calls',
    group: 'past',
    load: () => import('../views/calls/view.js'),
    style: '/console/views/calls/calls.css'
  },
  {
    name: 'usage',
    icon: 'usage',
    group: 'past',
    load: () => import('../views/usage/view.js'),
    style: '/console/views/usage/usage.css'
  },
  {
    name: 'agents',
    icon: 'agents',
    group: 'setup',
    load: () => import('../views/agents/view.js'),
    style: '/console/views/agents/agents.css'
  },
  { name: 'products', icon: 'products', group: 'setup', load: () => import('../views/products/view.js') },
  { name: 'numbers', icon: 'numbers', group: 'setup', load: () => import('../views/numbers/view.js') },
  {
    name: 'health',
    icon: 'health',
    group: 'setup',
    load: () => import('../views/health/view.js'),
    style: '/console/views/health/health.css'
  }
]
