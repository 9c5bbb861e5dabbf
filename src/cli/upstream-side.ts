/** Opens everything that goes out to origins: one dialer behind the address guard, and what sends through it. */
import type { NamedFiles } from '../config/named-files.ts'
import type { WeirConfig } from '../config/schema.ts'
import { createAddressGuard } from '../upstream/address-guard.ts'
import { createDialer, type Dialer } from '../upstream/dial.ts'
import { createForwarder, type Forwarder } from '../upstream/forward.ts'
import { createOwnConnections } from '../upstream/own-connections.ts'
import { createParentProxy } from '../upstream/parent-proxy.ts'
import { createPassThrough, type PassThrough } from '../upstream/pass-through.ts'
import { createUpgrader, type Upgrader } from '../upstream/upgrade.ts'
import type { Opened } from './opened.ts'

export interface UpstreamSide {
  readonly dialer: Dialer
  readonly forwarder: Forwarder
  readonly passThrough: PassThrough
  readonly upgrader: Upgrader
  /** Does a connection that this process dialled come from this address and port? */
  readonly isOwnConnection: (address: string, port: number) => boolean
}

export interface UpstreamSideOptions {
  readonly config: Pick<WeirConfig, 'upstream' | 'timeouts' | 'proxy'>
  readonly files: Pick<NamedFiles, 'extraRoots'>
  /** The ports that this process listens on, which are never dialled on an own address. */
  readonly ownPorts: () => readonly number[]
}

/** `opened` grows part by part, also when a later one throws. */
export function openUpstreamSide({ config, files, ownPorts }: UpstreamSideOptions, opened: Opened[]): UpstreamSide {
  const { upstream, timeouts, proxy } = config
  const { firstByteMs, tunnelIdleMs } = timeouts
  const { maxHeaderBytes } = proxy
  const own = createOwnConnections()
  const dialer = own.watch(
    createDialer({
      guard: createAddressGuard({ allowPrivate: upstream.allowPrivate, ownPorts }),
      pins: upstream.resolve,
      extraRoots: files.extraRoots,
      connectMs: timeouts.connectMs,
      handshakeMs: timeouts.handshakeMs,
      parent: upstream.parent === null ? null : createParentProxy(upstream.parent, upstream.noProxy),
    }),
  )
  const passThrough = createPassThrough({ dialer, firstByteMs, tunnelIdleMs })
  opened.push(passThrough)
  const upgrader = createUpgrader({ dialer, firstByteMs, maxHeaderBytes })
  opened.push(upgrader)
  const forwarder = createForwarder({ dialer, timeouts, maxHeaderBytes })
  opened.push(forwarder)
  return { dialer, forwarder, passThrough, upgrader, isOwnConnection: own.has }
}
