/** Whether an archive id is of a later message than another; archive ids are decimal digits that grow. */
export function isLater(archiveId: string, other: string | undefined): boolean {
  if (other === undefined) {
    return true
  }
  return archiveId.length === other.length ? archiveId > other : archiveId.length > other.length
}
