import { OsRandom } from '../../src/os/os-random.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { randomContract } from './random.ts'

randomContract('OsRandom', () => new OsRandom())
randomContract('SeededRandom', () => new SeededRandom(1))
