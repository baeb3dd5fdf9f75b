// What is known of one field of a config: its range, its default and why it is there.

/** What a changed field needs before it takes hold. */
export type Apply = 'now' | 'restart'

interface FieldCommon<T> {
  label: string
  why: string
  apply: Apply
  group: 'model' | 'training'
  default: T
  /** The value of runs that do not name the field, because it is younger than they are. */
  absent?: T
  cite?: { text: string; url: string }
}
interface NumberField extends FieldCommon<number> {
  min: number
  max: number
  unit?: string
}
/** `steps`: `125` walks 1-2-5 decades, a number is an even step. */
type NumericField = NumberField & ({ kind: 'int' } | { kind: 'float'; steps: '125' | number })
interface BoolField extends FieldCommon<boolean> {
  kind: 'bool'
}
interface ChoiceField<T extends string> extends FieldCommon<T> {
  kind: 'choice'
  options: readonly T[]
}
export type Field = NumericField | BoolField | ChoiceField<string>
/** The field that describes values of type T. */
export type FieldOf<T> = [T] extends [number]
  ? NumericField
  : [T] extends [boolean]
    ? BoolField
    : ChoiceField<T & string>

/** A paper on arXiv, cited by its id. */
export const arxiv = (id: string, text: string) => ({ text, url: `https://arxiv.org/abs/${id}` })
