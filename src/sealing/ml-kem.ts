import type { Random } from '../system/random.ts'

/** FIPS 203 §8, table 3, ML-KEM-768: the encapsulation key, the ciphertext and the shared secret. */
export const ML_KEM_PUBLIC_KEY_BYTES = 1184
export const ML_KEM_CIPHERTEXT_BYTES = 1088
export const ML_KEM_SHARED_SECRET_BYTES = 32
/** FIPS 203 §3.3: the seed `d ‖ z` from which a key pair is made. */
export const ML_KEM_SEED_BYTES = 64
/** FIPS 203 §7.2: the message `m` drawn for one encapsulation. */
export const ML_KEM_COINS_BYTES = 32

/** A shared secret and the ciphertext that carries it to the holder of the private key. */
export interface MlKemEncapsulation {
  readonly sharedSecret: Uint8Array
  readonly ciphertext: Uint8Array
}

/** A key pair of ML-KEM-768, ready to decapsulate. */
export interface MlKemKeyPair {
  readonly publicKey: Uint8Array
  /**
   * The shared secret of a ciphertext. One that was tampered with gives another secret, not an error (implicit rejection,
   * FIPS 203 §6.3); undefined only for a wrong length.
   */
  decapsulate(ciphertext: Uint8Array): Uint8Array | undefined
}

/** ML-KEM-768 of FIPS 203. All implementations read each other's keys and ciphertexts. */
export interface MlKem768 {
  readonly name: 'native' | 'noble'
  /** The key pair of the 64-byte seed `d ‖ z` (FIPS 203 §7.1). */
  keyFromSeed(seed: Uint8Array): MlKemKeyPair
  /**
   * A fresh secret for a public key; undefined when the key fails the check of FIPS 203 §7.2. The noble implementation
   * draws its coins from `random`; the native one cannot be given any and takes them from OpenSSL's generator.
   */
  encapsulate(publicKey: Uint8Array, random: Random): MlKemEncapsulation | undefined
}
