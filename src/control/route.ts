/** One shape for all API routes: zod checks the input and describes it in OpenAPI, so that the two cannot differ. */
import type { FastifyInstance, FastifyRequest, FastifySchema } from 'fastify'
import { z } from 'zod'
import { ApiProblem, type InputProblem } from './problem.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks, e.g. `token:admin`; `` outside the API. */
    actor: string
  }
}

export interface RouteInput<Params, Query, Body> {
  readonly params: Params
  readonly query: Query
  readonly body: Body
  /** For the audit trail. */
  readonly actor: string
}

export interface ApiRoute<Params, Query, Body> {
  readonly method: 'GET' | 'POST'
  /** Below `/api/v1`. */
  readonly url: string
  /** Operation id of the OpenAPI document. */
  readonly operation: string
  readonly summary: string
  readonly params?: z.ZodType<Params>
  readonly query?: z.ZodType<Query>
  readonly body?: z.ZodType<Body>
  /** Describes the answer; not applied to it. */
  readonly answer: z.ZodType
  /** The answer or a promise of it; may throw an `ApiProblem`. */
  readonly handle: (input: RouteInput<Params, Query, Body>) => unknown
}

const NOTHING = z.strictObject({})

const problemAnswer = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  problems: z.array(z.object({ path: z.string(), message: z.string(), at: z.number().int().optional() })).optional(),
  id: z.string().optional(),
})

function jsonSchema(schema: z.ZodType, description?: string): Record<string, unknown> {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' })
  return description === undefined ? rest : { description, ...rest }
}

function openApiSchema(route: ApiRoute<unknown, unknown, unknown>): FastifySchema {
  return {
    operationId: route.operation,
    summary: route.summary,
    security: [{ token: [] }],
    ...(route.params === undefined ? {} : { params: jsonSchema(route.params) }),
    ...(route.query === undefined ? {} : { querystring: jsonSchema(route.query) }),
    ...(route.body === undefined ? {} : { body: jsonSchema(route.body) }),
    response: {
      200: jsonSchema(route.answer, 'the answer'),
      '4xx': {
        description: 'problem+json',
        content: { 'application/problem+json': { schema: jsonSchema(problemAnswer) } },
      },
    },
  }
}

/** Where the input stood and what is wrong with it; values are never repeated. */
function inputProblems(place: string, error: z.ZodError): InputProblem[] {
  return error.issues.flatMap((issue) => {
    const path = [place, ...issue.path.map(String)].join('.')
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
    return issue.keys.map((key) => ({ path: `${path}.${key.slice(0, 60)}`, message: 'this parameter is not known' }))
  })
}

/** Parse all places, so that every problem is reported at once. */
function parseInput<P, Q, B>(route: ApiRoute<P, Q, B>, request: FastifyRequest): RouteInput<P, Q, B> {
  const params = (route.params ?? NOTHING).safeParse(request.params)
  const query = (route.query ?? NOTHING).safeParse(request.query)
  const body = (route.body ?? z.undefined()).safeParse(request.body)
  const problems = [
    ...(params.success ? [] : inputProblems('path', params.error)),
    ...(query.success ? [] : inputProblems('query', query.error)),
    ...(body.success ? [] : inputProblems('body', body.error)),
  ]
  if (problems.length > 0) throw new ApiProblem(400, 'the request has wrong parameters', { problems })
  return { params: params.data as P, query: query.data as Q, body: body.data as B, actor: request.actor }
}

/** Add a route to the API. */
export function addRoute<P, Q, B>(app: FastifyInstance, route: ApiRoute<P, Q, B>): void {
  app.route({
    method: route.method,
    url: route.url,
    schema: openApiSchema(route as ApiRoute<unknown, unknown, unknown>),
    handler: (request) => route.handle(parseInput(route, request)),
  })
}
