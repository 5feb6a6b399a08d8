import type { LookupRow, MessageRow, NodeRow, SampleRow } from '../results/results.ts'
import type { Columns } from './parquet-table.ts'

/** `samples.parquet`, and `metrics.csv` with the same columns. */
export const SAMPLE_COLUMNS: Columns<SampleRow> = {
  t_ms: 'DOUBLE',
  nodes_up: 'INT32',
  sent: 'INT32',
  delivered: 'INT32',
  failed: 'INT32',
  pending: 'INT32',
  stored: 'INT32',
  replicas_mean: 'DOUBLE',
  replicas_min: 'DOUBLE',
  connections: 'INT32',
  bytes: 'DOUBLE',
  events: 'DOUBLE',
}

/** `messages.parquet`. */
export const MESSAGE_COLUMNS: Columns<MessageRow> = {
  id: 'INT32',
  from: 'INT32',
  to: 'INT32',
  sent_ms: 'DOUBLE',
  stored_ms: 'DOUBLE',
  delivered_ms: 'DOUBLE',
  way: 'STRING',
  state: 'STRING',
}

/** `nodes.parquet`. */
export const NODE_COLUMNS: Columns<NodeRow> = {
  node: 'INT32',
  class: 'STRING',
  nat: 'STRING',
  uptime_ms: 'DOUBLE',
  sessions: 'INT32',
  bytes_sent: 'DOUBLE',
  bytes_received: 'DOUBLE',
  letters_kept: 'INT32',
}

/** `lookups.parquet`. */
export const LOOKUP_COLUMNS: Columns<LookupRow> = {
  t_ms: 'DOUBLE',
  node: 'INT32',
  hops: 'INT32',
  messages: 'INT32',
  took_ms: 'DOUBLE',
  found: 'BOOLEAN',
}
