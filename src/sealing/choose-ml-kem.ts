import type { MlKem768 } from './ml-kem.ts'
import { nativeMlKem } from './native-ml-kem.ts'
import { nobleMlKem } from './noble-ml-kem.ts'

/** The faster ML-KEM-768 this Node has. The simulator names `nobleMlKem` instead, whose coins it can seed. */
export function fastestMlKem(): MlKem768 {
  return nativeMlKem ?? nobleMlKem
}
