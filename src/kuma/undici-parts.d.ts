// A single module of undici: loading the whole package costs every start-up about 40 ms more.
declare module 'undici/lib/dispatcher/agent.js' {
  import { Agent } from 'undici'
  export default Agent
}
