// The same classes for `import` as for `require`, so that `instanceof` holds in programs that use both.
import ciem from './index.js'

export const {
  CiemError,
  Snapshot,
  Table,
  Usage,
  checkAccessNotGranted,
  checkNoNewAccess,
  checkNoPublicAccess,
  conditionBlocks,
  conditionText,
  mineRoles,
  simulate,
} = ciem
export default ciem
