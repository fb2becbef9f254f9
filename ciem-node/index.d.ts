/** Any failure of the library. */
export class CiemError extends Error {
  private constructor()
  /** Stable snake_case code, the same in every language. */
  readonly code: string
  /** Where in the input the error stands, if it stands in an input. */
  readonly place?: Place
}

export interface Place {
  /** Name of the input. */
  source?: string
  /** JSON pointer (RFC 6901) to the offending value. */
  pointer?: string
  /** Line, counted from 1. */
  line?: number
}

/** A request key: text, number or boolean, a list for several values, null for a key known to be absent. */
export type ContextValue = string | number | boolean | Array<string | number | boolean> | null

/** How a promise is given up and what it says while it is pending. */
export interface Work {
  /** Rejects the promise with `signal.reason` and stops the work. */
  signal?: AbortSignal | undefined
  /** Called now and then. Steps that come faster than the event loop are left out; one that throws stops the work. */
  onProgress?: ((step: Step) => void) | undefined
}

/** What long work says of itself. */
export interface Step {
  /** What is being done. */
  phase: string
  /** Units done in this phase. */
  done: number
  /** Units in all, where known. */
  total?: number
}

export interface Options {
  context?: Record<string, ContextValue>
  /** RFC 3339; without it time is not known. */
  at?: string | Date
  /** What a context key that is not given means. */
  unknownContext?: string
  /** What a layer for which nothing was given means. */
  missingLayer?: string
}

export interface Session {
  name?: string
  policies?: unknown[]
  tags?: Record<string, string>
  transitiveTags?: string[]
  sourceIdentity?: string
  mfa?: boolean
  federatedProvider?: string
}

export interface Question extends Options {
  principal: string
  action: string
  resource?: string
  session?: Session
}

/** How near access is: usable at once, once it is activated, or after one step of self-service. */
export type Tier = 'active' | 'eligible' | 'latent'

export interface HoldersQuestion extends Options, Work {
  action: string
  /** An id or a pattern. */
  resource?: string
  /** Whether to list who may on some matching resource or under a condition, or on every one. */
  match?: 'any' | 'all'
  /** Which tiers are listed: `active` without it. A row of a higher tier is one that lower tiers do not give. */
  tiers?: Tier[]
  /** Leaves the resources' own policies out: how far do identities reach, whatever single resources say? */
  callerSideOnly?: boolean
}

export interface AccessQuestion extends Options, Work {
  principal: string
  /** As in `whoCan`. */
  tiers?: Tier[]
  /** A pattern: only these permissions. */
  action?: string
  resource?: string
  session?: Session
  /** Leaves the resources' own policies out. */
  callerSideOnly?: boolean
}

export interface EverybodyQuestion extends Options, Work {
  principal?: undefined
  /** As in `whoCan`. */
  tiers?: Tier[]
  /** A pattern: only these permissions. */
  action?: string
  resource?: string
  /** Leaves the resources' own policies out. */
  callerSideOnly?: boolean
}

export interface MatrixQuestion extends Options, Work {
  /** Everybody's access without it. */
  principal?: string
  /** A pattern: only these permissions. */
  action?: string
  resource?: string
  /** Leaves the resources' own policies out. */
  callerSideOnly?: boolean
}

export interface BecomeQuestion extends Options, Work {
  /** Everybody's edges without it. */
  principal?: string
  session?: Session
  /** Whether to list what is reached in several steps, too. True without it. */
  transitive?: boolean
}

export interface SettlingQuestion extends Options, Work {
  /** The answers are those of `whatCan`; without it those of `whoCan`, or everybody's. */
  principal?: string
  /** Without a principal: one permission asks who can, a pattern or none what everybody can do. */
  action?: string
  resource?: string
  session?: Session
  match?: 'any' | 'all'
  /** Leaves the resources' own policies out. */
  callerSideOnly?: boolean
}

export interface LoadOptions extends Work {
  /** Whether a file that cannot be read fails the call or is listed in `coverage()`. */
  onError?: 'raise' | 'skip'
  /** The most bytes that one file or archive may have once it is unpacked. */
  maxBytes?: number
  /** Adds to or replaces the permissions that the library knows. */
  catalog?: object
}

export interface Statement {
  policy: string
  layer: string
  index: number
  sid?: string
  effect: string
  via?: string[]
  pointer?: string
  source?: string
}

export interface MissingFact {
  fact: string
  subject: string
  how?: string
}

/** A residual condition: `{and}`, `{or}`, `{not}` or an atom. */
export type Condition = Record<string, unknown>

export interface Decision {
  v: number
  verdict: string
  denial?: string
  blocked_by?: string[]
  condition?: Condition
  /** The same in words. */
  condition_text?: string
  /** False where equal conditions may have unequal texts, which only very large ones have. */
  canonical?: boolean
  missing?: MissingFact[]
  statements?: Statement[]
  assumptions?: string[]
}

/** What a statement wants and the question does not have, or may not have. */
export interface Difference {
  element: string
  key?: string
  operator?: string
  /** The statement is about everything except `wanted`. */
  except?: boolean
  wanted: string[]
  wanted_left_out?: number
  /** What is known of the question. */
  known: string
  given?: string[]
  /** Of a resource: which segments of the closest pattern differ, counted from 1. */
  segments?: number[]
  hint?: string
}

/** A statement that speaks of what is asked and does not apply. */
export interface NearMiss extends Statement {
  /** Of a guardrail: the node that it hangs on. */
  scope?: string
  /** What of it matches. */
  elements: { principal?: string; action: string; resource: string; condition?: string }
  failed: Difference[]
  /** What would remain open. */
  open?: Difference[]
  /** The same in words. */
  reason: string
}

export interface Layer {
  layer: string
  /** How far it stands in the way. */
  stops: string
  /** What it says. */
  state: string
  /** Its statements, as places in `decision.statements`. */
  statements: number[]
  near_misses?: NearMiss[]
  /** How many further near misses there are. */
  left_out?: number
  /** There were too many statements to look at all of them. */
  incomplete?: boolean
}

export interface Explanation {
  v: number
  question: { principal: string; action: string; resource: string }
  decision: Decision
  /** The statements that decide, as places in `decision.statements`. */
  deciding: number[]
  layers: Layer[]
  /** In words, line by line. Made when it is read; no part of the JSON form. */
  readonly text: string
  /** As an HTML fragment, without scripts and with all foreign text escaped. Made when it is read; no part of the JSON form. */
  readonly html: string
}

export interface Coverage {
  v: number
  files: Array<{ name: string; kind: string; records: number; errors: string[] }>
  /** Distinct records by kind. */
  counts: Record<string, number>
  layers: Array<{ provider: string; account: string; layer: string; state: string; reason?: string }>
  /** Further inputs; no account where one is the whole organisation's. */
  inputs: Array<{ provider: string; account: string; input: string; state: string; how: string }>
  rejected: Array<{ policy: string; pointer: string; reason: string; source: string }>
  unknown_actions: string[]
  /** Catalogue versions by provider. */
  catalogs: Record<string, string>
  assumptions: string[]
}

export interface HolderRow {
  principal: string
  principal_kind: string
  provider: string
  account: string
  tier: string
  verdict: string
  /** JSON text. */
  condition: string | null
  resources: string[]
  via: string[]
}

export interface AccessRow {
  permissions: string[]
  resources: string[]
  except: string[]
  verdict: string
  /** JSON text. */
  condition: string | null
  tier: string
  via: string[]
  /** What some of the permissions lead to beside what they say, such as data by way of keys. */
  leads_to: string[]
}

/** A row of everybody's access. */
export interface EverybodyRow extends AccessRow {
  principal: string
  principal_kind: string
  provider: string
  account: string
}

export interface MatrixRow {
  principal: string
  principal_kind: string
  provider: string
  account: string
  /** Permissions allowed on every resource that the question names. */
  surely: string[]
  /** These, and those allowed on some of the resources or under a condition. */
  possibly: string[]
}

export interface BecomeRow {
  /** A principal, a person, a service, an identity provider, or an account that is not in the snapshot. */
  from: string
  from_kind: string
  to: string
  /** How the last step is made; of `pass_role`, `from` may pass `to` to the service in `through`. Of `run_command` and `deploy_code` the resource that acts as `to` is in `through`, of `assign_identity` the identity's resource and where a workload can be made. */
  kind: string
  provider: string
  verdict: string
  /** JSON text; of several steps an `and` of what each depends on. */
  condition: string | null
  /** The number of steps. */
  hops: number
  /** The principals in between, in order. */
  through: string[]
  /** Whether `to` can become `from`, too. */
  mutual: boolean
  /** Policies, groups and assignments that all steps come through. */
  via: string[]
}

export interface SettlingRow {
  /** `fact`, `key`, `session_name` or `resource`. */
  kind: string
  /** The kind of fact, or the key. */
  name: string
  /** Of a fact: whose. */
  subject: string | null
  /** How to supply it. */
  how: string
  /** How many open answers mention it. */
  answers: number
  /** How many depend on nothing else. */
  alone: number
  /** How many answers are open in all. */
  open: number
}

/** A condition as blocks, or why there are none. */
export interface ConditionBlocks {
  v: number
  /** One for each alternative, each for a statement of its own. */
  blocks?: Array<Record<string, Record<string, string[]>>>
  reason?: string
}

export interface PrincipalRow {
  principal: string
  principal_kind: string
  name: string
  provider: string
  account: string
  /** Whether its own policies were read; false for callers that only other policies name. */
  loaded: boolean
  policies: number
  /** Of a person what the directory says. */
  tags: Record<string, string>
  /** RFC 3339. */
  last_used: string | null
  /** `enabled` or `none`; `null` where the exports do not tell. */
  password: string | null
  /** `active` or `none`; `null` where the exports do not tell. */
  mfa: string | null
  /** As `credentials` names them. */
  active_keys: string[]
  /** RFC 3339. */
  oldest_key: string | null
}

export interface PermissionRow {
  permission: string
  provider: string
  access_level: string
  resource_types: string[]
  /** Whether the catalogue knows it. */
  known: boolean
}

export interface ResourceRow {
  resource: string
  resource_kind: string
  provider: string
  account: string
  policies: string[]
  tags: Record<string, string>
  /** Accounts, units and principals that it is shared with beside its policies. */
  shared_with: string[]
}

export interface CredentialRow {
  principal: string
  provider: string
  account: string
  /** `password`, `access_key`, `mfa` or `signing_certificate`. */
  credential_kind: string
  /** Its id, or its number in the report. */
  credential: string | null
  /** `active` or `inactive`; `null` where the exports do not tell. */
  status: string | null
  /** When it was made or last changed, RFC 3339. */
  changed: string | null
  /** RFC 3339. */
  last_used: string | null
  last_used_service: string | null
  last_used_region: string | null
}

export interface AccessedRow {
  principal: string
  provider: string
  account: string
  service: string
  /** `null` where the row is about the whole service. */
  permission: string | null
  /** RFC 3339; `null` where there was no use. */
  last_accessed: string | null
  region: string | null
  /** When the provider made the list, RFC 3339. */
  as_of: string | null
}

export interface UnusedRow {
  /** `principal`, `credential`, `group`, `policy`, `statement`, `permission`, `resource` or `trust`. */
  kind: string
  /** Of permissions the principal, of a statement the policy's with `#` and its place, of a trust the role; of rows brought together what they share. */
  id: string | null
  /** Of a credential whose it is, of a trust who may take on the role. */
  principal: string | null
  provider: string
  account: string | null
  /** As tags name them. */
  environment: string | null
  team: string | null
  /** `unused`, `unobservable`, `denied` or `attempted`. */
  state: string
  permissions: string[]
  count: number
  /** RFC 3339. */
  last_used: string | null
  /** Days of the window of which the logs have nothing. */
  uncovered_days: number
  via: string[]
}

export interface UseRow {
  principal: string
  provider: string | null
  account: string | null
  permission: string
  /** `management`, `data` or `unlogged`. */
  plane: string
  /** RFC 3339; of calls that were carried out. */
  first_seen: string | null
  last_seen: string | null
  /** `2026-01-31`. */
  days: string[]
  count: number
  /** Whether the count is an upper bound. */
  at_most: boolean
  /** Calls that were refused for want of a permission. */
  denied: number
  /** Calls that failed for another reason. */
  failed: number
  resources: string[]
  /** Whether these are ids as they were logged, not patterns. */
  resources_exact: boolean
  /** `public`, `private`, `provider`. */
  networks: string[]
  /** `with` and `without` a second factor. */
  mfa: string[]
  /** Which grants allowed it, where the log names them, as `key=value`. */
  evidence: string[]
  logs: string[]
}

/** What was read of logs, and which part of what happened they hold. */
export interface UsageCoverage {
  v: number
  files: Array<{ name: string; kind: string; records: number; errors: string[] }>
  counts: Record<string, number>
  logs: Array<{
    provider: string
    account: string
    plane: string
    service?: string
    first: string
    last: string
    days: number
    gaps: Array<[string, string]>
    regions: string[]
  }>
  /** Calls that no catalogue knows, with how often. */
  unknown: Record<string, number>
}

export interface UsageLoadOptions extends Work {
  /** Whether a file of which nothing can be read fails the call or is listed in `coverage()`. */
  onError?: 'raise' | 'skip'
  /** The most bytes that one file may unpack to. */
  maxBytes?: number
  /** When the logs were fetched, RFC 3339: later events have a wrong clock and do not count. */
  asOf?: string
  /** Counts calls that failed, though not for want of a permission, as uses. */
  failedIsUsed?: boolean
}

/** What logs tell of the use of permissions. A value: merging gives a new one. */
export class Usage {
  private constructor()
  /** Reads logs, plain or gzip, folders of them, and what matches patterns, as a stream. */
  static load(pathOrPaths: string | URL | Array<string | URL>, options?: UsageLoadOptions): Promise<Usage>
  /** What both know together, whichever comes first. */
  merge(other: Usage): Usage
  /** One row for each permission of each principal. */
  uses(): Table<UseRow>
  /** What was read, and which part of what happened it holds. */
  coverage(): UsageCoverage
}

export interface UnusedQuestion extends Work {
  usage: Usage
  /** Such as `90d`, the default, `12w` or `36h`. */
  window?: string
  /** Where the window ends, RFC 3339; without it where the logs end. */
  at?: string
  /** How many days of the window may lack in the logs. */
  gaps?: number
  /** Kinds of thing; all without it. */
  of?: string | string[]
  account?: string
  environment?: string
  team?: string
  /** Brings rows together. */
  by?: 'provider' | 'account' | 'environment' | 'team'
  environmentTags?: string[]
  teamTags?: string[]
}

/** Options are those of `docs/rightsizing.md`, in camel case. */
export interface RightsizeOptions extends Work {
  usage: Usage
  /** Such as `90d`, the default. */
  window?: string
  /** Where the window ends, RFC 3339; without it where the logs end. */
  at?: string
  level?: 'permissions' | 'resources' | 'conditions'
  mode?: 'exact' | 'safe' | 'compact'
  shared?: 'replace' | 'keep'
  gaps?: number
  protectedPrincipals?: string[]
  protectedPermissions?: string[]
  newGrantDays?: number
  peerShare?: number
  peerLikeness?: number
  companions?: boolean
  periodic?: boolean
  unobservable?: boolean
  attempted?: boolean
  calendar?: { principals: string[]; permissions: string[]; name?: string }[]
  prove?: boolean
  limits?: Record<string, number>
  mostIds?: number
  policyName?: string
  /** As what new grants are written, such as `custom_role` (the default of Azure) or `built_in_role`. */
  form?: string
}

export interface RightsizeQuestion extends RightsizeOptions {
  principal: string
}

/** Everybody without `principals`. */
export interface RightsizeEachQuestion extends RightsizeOptions {
  principals?: string[]
}

/** A proposal in figures, and the whole of it. */
export interface ProposalRow {
  principal: string
  principal_kind?: string
  provider?: string
  account?: string
  /** Code of the error, where there is no proposal. */
  error?: string
  refused?: string
  outcome?: string
  granted: number
  kept: number
  used_not_granted: number
  /** How many changes the remedy has. */
  changes: number
  fits: boolean
  would_fail: number
  unobservable: number
  warnings: string[]
  /** A `Proposal` as JSON text. */
  proposal?: string
}

/** One change, with its precondition and its inverse. */
export interface Change {
  operation: string
  target: string
  slot: string
  before?: unknown
  after?: unknown
  call: unknown
  undo: unknown
}

export interface Remedy {
  v: 1
  provider: string
  changes: Change[]
}

/** A proposal of least privilege; `docs/rightsizing.md` says what each field means. */
export interface Proposal {
  v: 1
  principal: string
  principal_kind: string
  provider: string
  account: string
  members?: string[]
  from: string
  to: string
  level: string
  mode: string
  refused?: string
  outcome: 'exchange' | 'nothing_to_change' | 'refused' | 'over_limit'
  granted: number
  kept: number
  keep: { reasons: string[]; permissions: string[] }[]
  remove: { reasons: string[]; permissions: string[] }[]
  used_not_granted: string[]
  policies: { name: string; kind: string; document: unknown; characters: number; limit?: number }[]
  untouched: { policy: string; reason: string }[]
  characters: [number, number]
  optimal: boolean
  /** Of built-in roles: fewer do not suffice. */
  lower_bound?: number
  fits: boolean
  warnings: string[]
  remedy: Remedy
  rollback: Remedy
  certificate: Record<string, any>
}

/** Rows, each an object, in a stable order. They stay in the library and become objects when they are read. */
export class Table<R> implements Iterable<R> {
  private constructor()
  readonly length: number
  /** What the rows take for granted. */
  readonly assumptions: string[]
  /** All rows. */
  toArray(): R[]
  /** As `Array.prototype.slice`; only these rows become objects. */
  slice(start?: number, end?: number): R[]
  [Symbol.iterator](): IterableIterator<R>
  /**
   * The rows as an Arrow IPC stream, uncompressed. Columns are named as the members of a row; texts are `Utf8`, lists
   * `List<Utf8>`, `tags` a list of structs `{name, value}`, counts `UInt64`.
   */
  toArrowIPC(): Uint8Array
  /** The wire form. */
  toJSON(): { v: number; rows: R[]; assumptions: string[] }
}

/** What was loaded, frozen. Methods that return a promise work off the event loop. */
export class Snapshot {
  private constructor()
  /** Reads export files, plain or gzip, zip and tar archives, folders, and what matches patterns such as `exports/**\/*.json`. */
  static load(pathOrPaths: string | URL | Array<string | URL>, options?: LoadOptions): Promise<Snapshot>
  /** May a principal do an action on a resource? */
  can(question: Question): Decision
  /** Why, or why not: the decision of `can` and what each layer says. */
  explain(question: Question): Explanation
  /** Who can do an action on a resource? */
  whoCan(question: HoldersQuestion): Promise<Table<HolderRow>>
  /** What can a principal do? */
  whatCan(question: AccessQuestion): Promise<Table<AccessRow>>
  /** What can everybody do? */
  whatCan(question?: EverybodyQuestion): Promise<Table<EverybodyRow>>
  /** Who is effectively allowed what, as pairs for `mineRoles`: principals, and permissions in their scope. */
  assignments(question?: AssignmentsQuestion & Work): Promise<Table<PairRow>>
  /** The fewest roles for the access of everybody, or of those who are selected, with suggested names. */
  mineRoles(question?: AssignmentsQuestion & MiningOptions & { form?: string }): Promise<RoleMining>
  /** What can every principal do? */
  matrix(question?: MatrixQuestion): Promise<Table<MatrixRow>>
  /** Into whom can a principal, or everybody, turn? */
  canBecome(question?: BecomeQuestion): Promise<Table<BecomeRow>>
  /** Which missing facts and unknown keys would settle the answers that are not definite? */
  whatWouldSettleIt(question?: SettlingQuestion): Promise<Table<SettlingRow>>
  /** What was granted and not used? */
  unused(question: UnusedQuestion): Promise<Table<UnusedRow>>
  /** The smallest policies that keep what a principal used and what has to be protected. */
  rightsize(question: RightsizeQuestion): Promise<Proposal>
  /** The same for many, or for everybody: what they have in common is found once, and several are made at a time. */
  rightsizeEach(question: RightsizeEachQuestion): Promise<Table<ProposalRow>>
  /** What was read and what was not. */
  coverage(): Coverage
  /** Users and roles of the loaded accounts, and callers that policies name. */
  principals(): Table<PrincipalRow>
  /** The permissions of the catalogues and of the loaded documents. */
  permissions(): Table<PermissionRow>
  /** The resources that were loaded. */
  resources(): Table<ResourceRow>
  /** Passwords, access keys, MFA devices and certificates: whether they work, their age and their last use. */
  credentials(): Table<CredentialRow>
  /** The last use of services and permissions by each principal. */
  lastAccessed(): Table<AccessedRow>
}

/** A condition in words: that of a decision, or the text in the column `condition` of a row. */
export function conditionText(condition: Condition | string): string

/** A condition as `Condition` blocks of policy statements, or the reason why there are none. */
export function conditionBlocks(condition: Condition | string): ConditionBlocks

/** What checks of loose policies take for granted. */
export interface CheckOptions {
  /** What the policies are policies of (docs/inclusion.md lists the kinds); told by their statements without it. */
  kind?: string
  /** The account of the resource that carries the policy, where resource ids do not tell. */
  resourceAccount?: string
  provider?: string
}

/** A policy document, as an object or as its JSON text. */
export type Policy = object | string

/** How a check ended, and the request that shows why. */
export interface AccessCheck {
  v: number
  result: string
  /** With `fail` a request that was evaluated with each policy; with `unknown` one that could not be decided. */
  witness?: {
    principal?: string
    action: string
    resource: string
    resource_account?: string
    context?: Record<string, string | string[]>
    condition?: Condition
  }
  /** The statements of the checked policy that allow the witness. */
  statements?: Array<{ index: number; sid?: string; pointer: string }>
  reasons: string[]
}

/** Whether `new` allows no request that `old` does not allow. */
export function checkNoNewAccess(question: CheckOptions & { new: Policy; old: Policy }): AccessCheck
/** Whether a policy allows none of the actions on any part of any of the resources. */
export function checkAccessNotGranted(
  question: CheckOptions & { policy: Policy; actions?: string[]; resources?: string[] },
): AccessCheck
/** Whether the policy of a resource grants nothing to the public. */
export function checkNoPublicAccess(question: CheckOptions & { policy: Policy }): AccessCheck

/** Decides about loose policies, given in wire form, without an account export. */
export function simulate(simulation: object): Decision

/** Whose access is mined. */
export interface AssignmentsQuestion {
  provider?: string
  account?: string
  principalKind?: string
  /** Only principals that have all these tags. */
  tags?: Record<string, string>
  /** Of what is granted only what was used in the window. */
  usage?: Usage
  /** Such as `90d`, the default, `12w` or `36h`. */
  window?: string
  /** Where the window ends, RFC 3339; without it where the logs end. */
  at?: string
  /** How many days of the window may lack in the logs. */
  gaps?: number
  /** With usage: what the logs cannot show counts as used. */
  keepUnobservable?: boolean
}

export type PairRow = { user: string; permission: string }

/** What mined roles must fulfil, and how much work may be done. */
export interface MiningOptions extends Work {
  /** Of what there should be as little as possible; `assignments` are users and permissions of all roles. */
  objective?: 'roles' | 'assignments'
  maxPermissionsPerRole?: number
  maxRolesPerUser?: number
  /** So many pairs may be left out. */
  maxMissing?: number
  /** Pairs of permissions that no role may have both of. */
  separate?: Array<[string, string]>
  /** Roles to prefer; `users` only decide the overlap that is told. */
  existing?: Array<{ name: string; permissions: string[]; users?: string[] }>
  /** The budget: nodes of the exact search, steps of everything else. */
  nodes?: number
  steps?: number
}

export interface MinedRole {
  /** A name that suggests itself. */
  name?: string
  users: string[]
  permissions: string[]
  /** How many pairs it accounts for. */
  pairs: number
  /** How many of them no other role accounts for. */
  only_here: number
  /** The existing role that is most like it, with the shares of permissions and users that both have. */
  closest?: { name: string; permissions: number; users?: number }
  /** Where a form was asked for: the role as the provider has it. */
  native?: Array<{
    form: string
    provider: string
    /** Where each account has its own. */
    account?: string
    name: string
    /** As the provider's own tools take it. */
    definition: Record<string, unknown>
    /** In words. */
    over_limits: string[]
    /** What the form cannot say, with the reason. */
    not_written: Array<Record<string, unknown>>
  }>
}

export interface RoleMining {
  v: number
  /** Those that account for the most pairs first. */
  roles: MinedRole[]
  objective: string
  /** How many roles, or assignments, there are. */
  value: number
  /** Less than this no solution has. */
  lower_bound: number
  /** Whether there is provably nothing better. */
  optimal: boolean
  /** How many distinct pairs were mined. */
  pairs: number
  /** Users and permissions of all roles, added up. */
  assignments: number
  /** Pairs that were left out. */
  missing: Array<[string, string]>
  /** Permissions to be kept separate that users have both of. */
  conflicts: Array<{ permissions: [string, string]; users: string[] }>
  /** What the access that was mined takes for granted. */
  assumptions: string[]
  /** Limits of the provider that all roles together exceed, in words. */
  over_limits: string[]
}

/**
 * The fewest roles that give exactly the pairs of a user and a permission: an iterable of pairs, a table, or an Arrow IPC
 * stream whose columns are `user` and `permission` or whose first two columns are texts.
 */
export function mineRoles(
  pairs: Iterable<readonly [string, string]> | Table<unknown> | Uint8Array,
  options?: MiningOptions,
): Promise<RoleMining>
