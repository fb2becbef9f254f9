import * as ciem from './index.js'

export * from './index.js'
export default ciem
