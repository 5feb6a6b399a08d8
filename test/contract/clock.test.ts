import { OsClock } from '../../src/os/os-clock.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { clockContract } from './clock.ts'

clockContract('OsClock', () => ({ clock: new OsClock(), run: (promise) => promise }))

clockContract('VirtualClock', () => {
  const clock = new VirtualClock()
  return { clock, run: (promise) => clock.run(promise) }
})
