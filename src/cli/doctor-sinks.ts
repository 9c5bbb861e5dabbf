/** The files of `audit.sinks`: can they be used, are secrets secret, how long does our certificate last? */
import type { WeirConfig } from '../config/schema.ts'
import { sinkFileProblems } from '../config/sink-files.ts'
import type { Finding } from './doctor-finding.ts'

/** One finding per problem; none when all is well. No receiver is contacted. */
export const checkSinks = ({ audit }: WeirConfig, nowMs: number): readonly Finding[] =>
  sinkFileProblems(audit.sinks, nowMs).map(({ path, file, message, severity }) => ({
    area: 'config',
    name: path,
    status: severity === 'error' ? 'bad' : 'warn',
    message: `${file}: ${message}`,
    fix: message.includes('chmod') ? [`chmod 600 ${JSON.stringify(file)}`] : [],
  }))
