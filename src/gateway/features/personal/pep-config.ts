import { type Element, element } from '../../../xml/element.ts'
import { type DataFormValues, dataForm } from '../../../xmpp/data-form.ts'
import { pubsubError } from '../../../xmpp/extensions/pubsub.ts'
import { NS_BOOKMARKS, NS_BOOKMARKS_LEGACY, NS_DATA_FORMS, NS_NICKNAME } from '../../../xmpp/namespaces.ts'

/** FORM_TYPE of a node's configuration (XEP-0060 §16.4.4). */
export const PEP_CONFIG_FORM = 'http://jabber.org/protocol/pubsub#node_config'

/** Items of one node, what `max` stands for (XEP-0060 §16.4.4). *ours* */
export const PEP_ITEMS_MAX = 1_000

/** UTF-16 units of a title, a type or the name of a group. *ours* */
const CONFIG_TEXT_MAX_LENGTH = 1_024
/** Groups of the roster that may read a node; the longest rosters have fewer. *ours* */
const CONFIG_MAX_GROUPS = 64

/** Who may read a node (XEP-0060 §4.5). A whitelist holds the owner alone; `authorize` is not offered. */
export const PEP_ACCESS_MODELS = ['open', 'presence', 'roster', 'whitelist'] as const
type AccessModel = (typeof PEP_ACCESS_MODELS)[number]

const SEND_LAST = ['never', 'on_sub', 'on_sub_and_presence'] as const

/** The configuration of a node, as far as it may differ from node to node (XEP-0060 §16.4.4). */
export interface PepConfig {
  readonly title: string
  /** Namespace of the payload, for information. */
  readonly payloadType: string
  readonly accessModel: AccessModel
  /** Who may read a node with the access model `roster`. */
  readonly rosterGroups: readonly string[]
  readonly maxItems: number
  readonly persistItems: boolean
  readonly sendLast: (typeof SEND_LAST)[number]
  readonly deliverNotifications: boolean
  readonly deliverPayloads: boolean
  readonly notifyConfig: boolean
  readonly notifyDelete: boolean
  readonly notifyRetract: boolean
}

/** XEP-0163 §8: the last item, for those who see our presence. */
const DEFAULTS: PepConfig = {
  title: '',
  payloadType: '',
  accessModel: 'presence',
  rosterGroups: [],
  maxItems: 1,
  persistItems: true,
  sendLast: 'on_sub_and_presence',
  deliverNotifications: true,
  deliverPayloads: true,
  notifyConfig: false,
  notifyDelete: true,
  notifyRetract: true,
}

/** Nodes for which the default of XEP-0163 would show too much or too little, until a client says what it wants. */
const DEFAULTS_BY_NODE: ReadonlyMap<string, Partial<PepConfig>> = new Map<string, Partial<PepConfig>>([
  // What a stranger sees with a subscription request (XEP-0172 §4.2).
  [NS_NICKNAME, { accessModel: 'open' }],
  // XEP-0402 §3.3; XEP-0411 §5: nobody else sees them.
  [NS_BOOKMARKS, { accessModel: 'whitelist', maxItems: PEP_ITEMS_MAX, sendLast: 'never' }],
  [NS_BOOKMARKS_LEGACY, { accessModel: 'whitelist' }],
])

/** The configuration of a node that is made without saying how, or of any node if no name is given. */
export function defaultPepConfig(node?: string): PepConfig {
  return { ...DEFAULTS, ...DEFAULTS_BY_NODE.get(node ?? '') }
}

interface ConfigField {
  readonly name: string
  readonly type: string
  readonly options?: readonly string[]
  get(config: PepConfig): readonly string[]
  /** The configuration with these values; undefined: not possible. */
  set(config: PepConfig, values: readonly string[]): PepConfig | undefined
}

const FIELDS: readonly ConfigField[] = [
  textField('title', 'title'),
  textField('type', 'payloadType'),
  choiceField('access_model', 'accessModel', PEP_ACCESS_MODELS),
  {
    name: 'pubsub#roster_groups_allowed',
    type: 'text-multi',
    get: ({ rosterGroups }) => rosterGroups,
    set: (config, groups) => {
      const isLegal =
        groups.length <= CONFIG_MAX_GROUPS && groups.every((group) => group.length <= CONFIG_TEXT_MAX_LENGTH)
      return isLegal ? { ...config, rosterGroups: groups } : undefined
    },
  },
  {
    name: 'pubsub#max_items',
    type: 'text-single',
    get: ({ maxItems }) => [maxItems === PEP_ITEMS_MAX ? 'max' : String(maxItems)],
    set: (config, [value = '']) => {
      const maxItems = readMaxItems(value)
      return maxItems === undefined ? undefined : { ...config, maxItems }
    },
  },
  booleanField('persist_items', 'persistItems'),
  choiceField('send_last_published_item', 'sendLast', SEND_LAST),
  booleanField('deliver_notifications', 'deliverNotifications'),
  booleanField('deliver_payloads', 'deliverPayloads'),
  booleanField('notify_config', 'notifyConfig'),
  booleanField('notify_delete', 'notifyDelete'),
  booleanField('notify_retract', 'notifyRetract'),
  fixedField('publish_model', 'publishers'),
  fixedField('notification_type', 'headline'),
  fixedField('presence_based_delivery', 'true'),
]

const FIELDS_BY_NAME: ReadonlyMap<string, ConfigField> = new Map(FIELDS.map((field) => [field.name, field]))

/** The form in which an owner sees the configuration of a node (XEP-0060 §8.2.2). */
export function pepConfigForm(config: PepConfig): Element {
  const fields = FIELDS.map(({ name, type, options = [], get }) => {
    const children = options.map((option) =>
      element('option', NS_DATA_FORMS, { label: option }, [element('value', NS_DATA_FORMS, {}, [option])]),
    )
    return { name, type, values: get(config), children }
  })
  return dataForm('form', PEP_CONFIG_FORM, fields)
}

/**
 * The configuration after a form was filled in. Fields we do not know are left alone (XEP-0060 §8.2.4).
 *
 * @throws StanzaError `not-acceptable`
 */
export function changePepConfig(config: PepConfig, form: DataFormValues): PepConfig {
  let changed = config
  for (const [name, values] of form) {
    const next = FIELDS_BY_NAME.get(name)?.set(changed, values)
    if (next === undefined && FIELDS_BY_NAME.has(name)) {
      const detail = name === 'pubsub#access_model' ? 'unsupported-access-model' : 'invalid-options'
      throw pubsubError('not-acceptable', detail, `The field ${name} cannot have this value.`)
    }
    changed = next ?? changed
  }
  return changed
}

/** Whether every field of publish-options is known and says what the node says (XEP-0060 §7.1.5). */
export function meetsPreconditions(config: PepConfig, form: DataFormValues): boolean {
  return [...form].every(([name, values]) => {
    if (name === 'FORM_TYPE') {
      return true
    }
    const field = FIELDS_BY_NAME.get(name)
    const wanted = field?.set(config, values)
    return field !== undefined && wanted !== undefined && field.get(wanted).join('\n') === field.get(config).join('\n')
  })
}

/** Whether all fields of publish-options are known; if not, nothing may be published with them (XEP-0060 §7.1.5). */
export function knowsFields(form: DataFormValues): boolean {
  return [...form.keys()].every((name) => name === 'FORM_TYPE' || FIELDS_BY_NAME.has(name))
}

/** A number above our bound asks for as much as there is. */
function readMaxItems(value: string): number | undefined {
  if (value === 'max') {
    return PEP_ITEMS_MAX
  }
  return /^[1-9]\d{0,9}$/.test(value) ? Math.min(Number(value), PEP_ITEMS_MAX) : undefined
}

type KeysOf<Value> = { [K in keyof PepConfig]: PepConfig[K] extends Value ? K : never }[keyof PepConfig]

function booleanField(name: string, key: KeysOf<boolean>): ConfigField {
  return {
    name: `pubsub#${name}`,
    type: 'boolean',
    get: (config) => [config[key] ? '1' : '0'],
    set: (config, [value = '']) => {
      const legal = ['0', '1', 'false', 'true'].includes(value)
      return legal ? { ...config, [key]: value === '1' || value === 'true' } : undefined
    },
  }
}

function textField(name: string, key: 'title' | 'payloadType'): ConfigField {
  return {
    name: `pubsub#${name}`,
    type: 'text-single',
    get: (config) => [config[key]],
    set: (config, [value = '']) => (value.length > CONFIG_TEXT_MAX_LENGTH ? undefined : { ...config, [key]: value }),
  }
}

function choiceField(name: string, key: 'accessModel' | 'sendLast', options: readonly string[]): ConfigField {
  return {
    name: `pubsub#${name}`,
    type: 'list-single',
    options,
    get: (config) => [config[key]],
    set: (config, [value = '']) => (options.includes(value) ? { ...config, [key]: value } : undefined),
  }
}

/** What cannot be chosen here, but is written in forms and asked for by clients. */
function fixedField(name: string, fixed: string): ConfigField {
  return {
    name: `pubsub#${name}`,
    type: 'list-single',
    options: [fixed],
    get: () => [fixed],
    set: (config, [value]) => (value === fixed || (fixed === 'true' && value === '1') ? config : undefined),
  }
}
