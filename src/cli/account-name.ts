/** Who runs a command, as the audit trail names it. */
import { userInfo } from 'node:os'

/** The account's name, or its number: containers run under numbers that have no name. */
export function accountName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid-${process.getuid?.() ?? 0}`
  }
}
