/** `/api/v1`: everything in here needs a token, also what does not exist. */
import type { FastifyInstance } from 'fastify'
import { addDiscoverRoutes } from './api/discover.ts'
import { addEventRoute } from './api/event.ts'
import { addEventCountRoutes } from './api/event-counts.ts'
import { addEventsRoute } from './api/events.ts'
import { addExplainRoute } from './api/explain.ts'
import { addFeedbackRoutes } from './api/feedback.ts'
import { addPersonRoutes } from './api/persons.ts'
import { addPolicyRoute } from './api/policy.ts'
import { addSealedRoutes } from './api/sealed.ts'
import { addSnapshotRoute } from './api/snapshot.ts'
import { addToolsRoute } from './api/tools.ts'
import { type AuthOptions, authenticate } from './auth.ts'
import type { ControlPorts } from './ports.ts'
import { ApiProblem } from './problem.ts'

/** Add the API below the prefix of `app`. */
export function addApi(app: FastifyInstance, ports: ControlPorts, auth: AuthOptions): void {
  // On the routes of this plugin, not on a prefix of the URL: `/%61pi/v1` is routed here too.
  // eslint-disable-next-line @typescript-eslint/require-await -- fastify takes a rejection, not a throw
  app.addHook('onRequest', async (request) => {
    request.actor = authenticate(auth, request.headers.authorization, request.raw.socket.remoteAddress ?? '')
  })
  app.setNotFoundHandler(() => {
    throw new ApiProblem(404, 'the API has no such call: see `openapi.json`')
  })
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
  addEventsRoute(app, ports)
  addEventCountRoutes(app, ports)
  addEventRoute(app, ports)
  addToolsRoute(app, ports)
  addPolicyRoute(app, ports)
  addPersonRoutes(app, ports)
  addExplainRoute(app, ports)
  addSnapshotRoute(app, ports)
  addFeedbackRoutes(app, ports)
  addDiscoverRoutes(app, ports)
  addSealedRoutes(app, ports)
}
