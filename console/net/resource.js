import { useCallback, useEffect, useState } from 'preact/hooks'
import { api } from './api.js'

/**
 * @typedef {object} Resource
 * @property {any} data what was answered last; null before
 * @property {Error | null} error of the last try
 * @property {boolean} loading
 * @property {() => void} reload
 */

/**
 * What the server answers at this path, asked again when the path changes; null: nothing is asked.
 *
 * @param {string | null} path
 * @returns {Resource}
 */
export function useResource(path) {
  const [round, setRound] = useState(0)
  const [state, setState] = useState(
    /** @type {{ path: string | null, data: any, error: Error | null, loading: boolean }} */ ({
      path,
      data: null,
      error: null,
      loading: path !== null
    })
  )
  useEffect(() => {
    if (path === null) return
    const abort = new AbortController()
    setState((old) => ({ path, data: old.path === path ? old.data : null, error: null, loading: true }))
    api.get(path, { signal: abort.signal }).then(
      (data) => setState({ path, data, error: null, loading: false }),
      (error) => {
        if (!abort.signal.aborted) setState((old) => ({ ...old, error, loading: false }))
      }
    )
    return () => abort.abort()
  }, [path, round])
  const reload = useCallback(() => setRound((count) => count + 1), [])
  return { data: state.data, error: state.error, loading: state.loading, reload }
}
