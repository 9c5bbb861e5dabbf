/** What a tier does to a request, in order of strictness. */
export const ACTIONS = ['allow', 'log', 'redact', 'block'] as const
export type Action = (typeof ACTIONS)[number]

/** Higher is stricter; 0 for `allow`. */
export const actionRank = (action: Action): number => ACTIONS.indexOf(action)

/** The stricter of two actions. */
export const stricterAction = (a: Action, b: Action): Action => (actionRank(a) >= actionRank(b) ? a : b)
