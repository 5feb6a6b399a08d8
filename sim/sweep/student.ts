/** t with 97.5 % below it, for 1 to 30 degrees of freedom (any table of Student's distribution). */
const T_975: readonly number[] = [
  12.7062047, 4.30265273, 3.18244631, 2.77644511, 2.57058184, 2.44691185, 2.36462425, 2.30600414, 2.26215716,
  2.22813885, 2.20098516, 2.17881283, 2.16036866, 2.14478669, 2.13144955, 2.1199053, 2.10981558, 2.10092204, 2.09302405,
  2.08596345, 2.07961384, 2.07387307, 2.06865761, 2.06389857, 2.05953855, 2.05552944, 2.05183052, 2.04840714,
  2.04522964, 2.04227246,
]

/** z with 97.5 % below it. */
export const Z_975 = 1.959963984540054

/** The 97.5 % quantile of Student's t; above 30 degrees of freedom by Cornish and Fisher's expansion, to 1e-5. */
export function student975(freedom: number): number {
  const tabled = T_975[freedom - 1]
  if (tabled !== undefined) {
    return tabled
  }
  const z = Z_975
  const first = (z ** 3 + z) / 4
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96
  const third = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384
  return z + first / freedom + second / freedom ** 2 + third / freedom ** 3
}
