/** Pieces of JSON schemas for Kubernetes manifests: an unknown or misspelt field is an error. */
export const TEXT: { readonly type: 'string'; readonly minLength: 1 } = { type: 'string', minLength: 1 }
export const NAME: object = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' }
export const COUNT: object = { type: 'integer', minimum: 1 }
export const TRUTH: object = { type: 'boolean' }
export const LABELS: object = { type: 'object', additionalProperties: TEXT }
/** Quantities are texts: `2`, `500m`, `2Gi`. */
export const QUANTITIES: object = {
  type: 'object',
  additionalProperties: { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$' },
}

/** An object with these properties and no others. */
export function object(required: Record<string, object>, optional: Record<string, object> = {}): object {
  const properties = { ...required, ...optional }
  return { type: 'object', required: Object.keys(required), properties, additionalProperties: false }
}

/** One or more of these. */
export function list(items: object): object {
  return { type: 'array', minItems: 1, items }
}

/** What a container or a pod may do. */
export const CONTAINER_SECURITY: object = object({
  allowPrivilegeEscalation: TRUTH,
  readOnlyRootFilesystem: TRUTH,
  capabilities: object({ drop: list(TEXT) }),
})
export const POD_SECURITY: object = object({
  runAsNonRoot: TRUTH,
  runAsUser: COUNT,
  fsGroup: COUNT,
  seccompProfile: object({ type: { const: 'RuntimeDefault' } }),
})
