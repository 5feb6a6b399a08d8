import { type Element, element } from '../xml/element.ts'
import { NS_DATA_FORMS } from './namespaces.ts'

/** Kinds of data form (XEP-0004 §3.1). */
export type DataFormType = 'cancel' | 'form' | 'result' | 'submit'

/** A field of a form that is written. */
export interface DataFormField {
  readonly name: string
  /** XEP-0004 §3.3; needed in a form that is to be filled in. */
  readonly type?: string
  readonly values?: readonly string[]
  /** What else stands in the field, such as the validation of XEP-0122. */
  readonly children?: readonly Element[]
}

/** A form as it was received: values by field name (XEP-0004 §3.2); of a field that is there twice the first. */
export type DataFormValues = ReadonlyMap<string, readonly string[]>

const FORM_TYPE = 'FORM_TYPE'

/** Writes a form; `formType` says whose fields these are (XEP-0068 §3.1). */
export function dataForm(type: DataFormType, formType: string, fields: readonly DataFormField[]): Element {
  const hidden = { name: FORM_TYPE, type: 'hidden', values: [formType] }
  return element('x', NS_DATA_FORMS, { type }, [hidden, ...fields].map(fieldElement))
}

/**
 * The values of the submitted form of that type among the children of an element.
 *
 * @returns undefined if there is none; a form of another FORM_TYPE is none (XEP-0068 §3.1)
 */
export function submittedForm(parent: Element, formType: string): DataFormValues | undefined {
  for (const form of parent.elements('x', NS_DATA_FORMS)) {
    const values = readValues(form)
    if (form.attribute('type') === 'submit' && values.get(FORM_TYPE)?.[0] === formType) {
      return values
    }
  }
  return undefined
}

function readValues(form: Element): DataFormValues {
  const values = new Map<string, readonly string[]>()
  for (const field of form.elements('field', NS_DATA_FORMS)) {
    const name = field.attribute('var')
    if (name !== undefined && !values.has(name)) {
      values.set(
        name,
        field.elements('value', NS_DATA_FORMS).map((value) => value.text()),
      )
    }
  }
  return values
}

function fieldElement(field: DataFormField): Element {
  const values = (field.values ?? []).map((value) => element('value', NS_DATA_FORMS, {}, [value]))
  return element('field', NS_DATA_FORMS, { var: field.name, type: field.type }, [...values, ...(field.children ?? [])])
}
