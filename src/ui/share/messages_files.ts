// What Share says of a model as a file.
import { bytes } from '../../words/sizes'
import type { ExportFormat, NumberType } from '../../words/exports'
import { integer } from '../format'

const formats: Record<ExportFormat, { name: string; about: string; opens: string }> = {
  folder: {
    name: 'A folder for everyone',
    about: 'One zip with the model in every form below, its tokenizer, a model card filled from the run, and model.py.',
    opens: 'Hugging Face transformers, transformers.js, llama.cpp, Ollama, PyTorch',
  },
  gguf: {
    name: 'GGUF',
    about: 'One file with weights and tokenizer.',
    opens: 'llama.cpp, Ollama, LM Studio',
  },
  onnx: {
    name: 'ONNX',
    about:
      'The weights as a graph that any language can run, with a cache of keys and values. The tokenizer is in the folder.',
    opens: 'ONNX Runtime, transformers.js',
  },
  bundle: {
    name: 'The run itself',
    about: 'One zip to go on with or to look at: settings, corpus card, tokenizer, metrics, curve and the checkpoint.',
    opens: 'Glasshouse, TensorBoard, spreadsheets',
  },
}

export const files = {
  lead: 'Take the model home as a file. Nothing is sent anywhere: your browser saves it.',
  type: 'Numbers',
  types: { f32: '32 bits, exact', f16: '16 bits, half as large', q8_0: '8 bits in GGUF' } satisfies Record<
    NumberType,
    string
  >,
  text: (name: string, characters: number) => `Take the text along (${name}, ${integer(characters)} characters)`,
  textWhy: {
    run: 'With its text, the folder has train.py, which goes on from this very step on any number of GPUs, and the bundle can be trained on. Whoever has the file can read the text.',
    step: 'Only a run as it was saved last can be trained on: a kept step goes without its text.',
  },
  noText: 'Its text is not at hand, so none goes along.',
  formats,
  opens: 'Opens in',
  size: (size_bytes: number) => `about ${bytes(size_bytes)}`,
  save: 'Save',
  saveWhat: (format: ExportFormat) => `Save: ${formats[format].name}`,
  saving: 'Writing…',
  saved: (name: string, size_bytes: number) => `${name} saved, ${bytes(size_bytes)}.`,
  reading: 'Looking at the model…',
}
