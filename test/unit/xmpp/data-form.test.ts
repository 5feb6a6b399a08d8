import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseElement } from '../../../src/xml/parser.ts'
import { serialize } from '../../../src/xml/serializer.ts'
import { dataForm, submittedForm } from '../../../src/xmpp/data-form.ts'

function read(inner: string, type: string = 'submit'): ReturnType<typeof submittedForm> {
  const form = `<x xmlns='jabber:x:data' type='${type}'>${inner}</x>`
  return submittedForm(parseElement(`<query xmlns='urn:x'>${form}</query>`), 'urn:x:form')
}

const FORM_TYPE = `<field var='FORM_TYPE'><value>urn:x:form</value></field>`

test('values are read by field, of a field that is there twice the first', () => {
  const form = read(
    `${FORM_TYPE}<field var='a'><value>1</value><value/></field><field var='a'><value>2</value></field><field var='b'/><field><value>x</value></field>`,
  )
  assert.deepEqual(
    [...(form ?? [])],
    [
      ['FORM_TYPE', ['urn:x:form']],
      ['a', ['1', '']],
      ['b', []],
    ],
  )
})

test('a form that is not submitted, or is of another type, is none', () => {
  assert.equal(read(FORM_TYPE, 'form'), undefined)
  assert.equal(read(FORM_TYPE, 'cancel'), undefined)
  assert.equal(read(''), undefined)
  assert.equal(read(`<field var='FORM_TYPE'><value>urn:x:other</value></field>`), undefined)
})

test('a form is written with its type first', () => {
  assert.equal(
    serialize(
      dataForm('result', 'urn:x:form', [
        { name: 'size', values: ['1', '2'] },
        { name: 'b', type: 'boolean' },
      ]),
    ),
    '<x xmlns="jabber:x:data" type="result"><field var="FORM_TYPE" type="hidden"><value>urn:x:form</value></field>' +
      '<field var="size"><value>1</value><value>2</value></field><field var="b" type="boolean"/></x>',
  )
})
