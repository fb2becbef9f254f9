// Loose policies with @cloud-copilot/iam-simulate: `node iam_simulate_full.mjs NPM_PREFIX FOLDER` answers `simulations.jsonl`, with
// documents that it has validated beforehand, and writes `simulations-iam-simulate.json`: the answers, and what one costs.
// Without FOLDER it reads simulations line by line and writes the answers.

import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const [prefix, folder] = process.argv.slice(2)
const from = createRequire(pathToFileURL(join(resolve(prefix), 'package.json')))
const { anonymousPrincipal, runSimulation } = await import(pathToFileURL(from.resolve('@cloud-copilot/iam-simulate')))
const policy = await import(pathToFileURL(from.resolve('@cloud-copilot/iam-policy')))

function simulation(asked) {
  const prepare = (document, kind) => policy.createValidatedPolicy(document, policy[`validate${kind}Policy`])
  const named = (kind) => ({ name, document }) => ({ name, policy: prepare(document, kind) })
  const levels = (list, kind) =>
    list.map(({ target, policies }) => ({ orgIdentifier: target, policies: policies.map(named(kind)) }))
  const some = (list) => (list.length ? list : undefined)
  // It takes one session policy: what several of one session allow or deny, they do together.
  const session = asked.session_policies.map(({ document }) => document)
  const together = session.length && { ...session[0], Statement: session.flatMap(({ Statement }) => Statement) }
  const trust = asked.action.startsWith('sts:AssumeRole')
  return {
    identityPolicies: asked.identity_policies.map(named('Identity')),
    permissionBoundaryPolicies: some(asked.permissions_boundaries.map(named('Identity'))),
    sessionPolicy: together ? prepare(together, 'Session') : undefined,
    serviceControlPolicies: levels(asked.service_control_policies, 'ServiceControl'),
    resourceControlPolicies: levels(asked.resource_control_policies, 'ResourceControl'),
    resourcePolicy: asked.resource_policy && prepare(asked.resource_policy.document, trust ? 'Trust' : 'Resource'),
    vpcEndpointPolicies: some(asked.vpc_endpoint_policies.map(named('Endpoint'))),
    request: {
      action: asked.action,
      principal: asked.principal === 'anonymous' ? anonymousPrincipal : asked.principal,
      // It wants an owner also where nobody knows one.
      resource: { accountId: asked.resource_account ?? '000000000000', resource: asked.resource },
      contextVariables: Object.fromEntries(Object.entries(asked.context).filter(([, value]) => value !== null))
    }
  }
}

function answer(response) {
  if (response.resultType === 'error') return { verdict: 'error', errors: response.errors }
  const { result, overallResult } = response
  return {
    verdict: overallResult === 'Allowed' ? 'allow' : 'deny',
    denial: { ExplicitlyDenied: 'explicit', ImplicitlyDenied: 'implicit' }[overallResult],
    blockedBy: result?.analysis?.blockedBy,
    ignored: result?.ignoredContextKeys ?? []
  }
}

async function run(asked) {
  try {
    return answer(await runSimulation(asked, {}))
  } catch (error) {
    return { verdict: 'error', errors: { message: `${error}` } }
  }
}

if (folder) {
  const lines = readFileSync(join(folder, 'simulations.jsonl'), 'utf8').trimEnd().split('\n')
  const ready = lines.map((line) => simulation(JSON.parse(line).simulation))
  // The first calls compile the program and read its catalogue.
  for (const one of ready.slice(0, 500)) await run(one)
  const answers = []
  const started = process.cpuUsage()
  for (const one of ready) answers.push(await run(one))
  const since = (before, asked) => {
    const spent = process.cpuUsage(before)
    return ((spent.user + spent.system) * 1000) / asked
  }
  const once = since(started, ready.length)
  // As `simulations.rs` does it: so many of them, each asked so often in a row.
  const some = ready.slice(0, 2000)
  const again = process.cpuUsage()
  for (const one of some) for (let at = 0; at < 10; at++) await run(one)
  const result = { ns: { once, 'in a row': since(again, some.length * 10) }, answers }
  writeFileSync(join(folder, 'simulations-iam-simulate.json'), JSON.stringify(result))
} else {
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await run(simulation(JSON.parse(line)))))
  }
}
