/** The nodes closest to a place that keep what belongs there. Why ten: protocols.md, "Custodians". */
export const CUSTODIANS_PER_PLACE = 10
