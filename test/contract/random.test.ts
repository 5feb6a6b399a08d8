import { SeededRandom } from '../../sim/system/seeded-random.ts'
import { OsRandom } from '../../src/os/os-random.ts'
import { randomContract } from './random.ts'

randomContract('OsRandom', () => new OsRandom())
randomContract('SeededRandom', () => new SeededRandom(1))
