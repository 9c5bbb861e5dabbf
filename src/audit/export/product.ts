/** How exports and sinks name the program that saw the events. */
export const PRODUCT = { vendor: 'Weir', name: 'Weir', version: '0.1.0' } as const
