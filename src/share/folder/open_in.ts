// How a folder is opened in each tool that it has files for.
import { SPECIAL } from '../../words/tokens'
import type { NumberType } from '../../words/exports'
import { heldByLlamaCpp } from '../formats/gguf'
import type { FloatType } from '../formats/hf'
import type { Leaving } from './leaving'

/** What a folder holds. `gguf`, `transformers`: null where the format cannot hold the model. */
export interface Contents {
  transformers: FloatType | null
  gguf: NumberType | null
  training: boolean
  curve: boolean
  chat: boolean
  /** Glasshouse itself opens it, which reads GPT-2 and Llama. */
  isRead: boolean
}

const code = (language: string, ...lines: string[]) => ['```' + language, ...lines, '```', '']

/** Markdown. */
export function howToOpen({ spec, training }: Leaving, contents: Contents): string[] {
  const prompt = contents.chat ? 'Hello' : /^[^`\n]+$/.test(spec.prompt.trim()) ? spec.prompt.trim() : 'A'
  const said = JSON.stringify(prompt)
  const turns = `[{"role": "user", "content": ${said}}]`
  return [
    '**PyTorch** alone:',
    '',
    ...code('sh', 'pip install torch tokenizers', `python model.py ${shell(prompt)}`),
    ...(contents.transformers
      ? [
          '**transformers**:',
          '',
          ...code(
            'python',
            'from transformers import AutoModelForCausalLM, AutoTokenizer',
            '',
            'tokenizer = AutoTokenizer.from_pretrained(".")',
            'model = AutoModelForCausalLM.from_pretrained(".")',
            ...(contents.chat
              ? [
                  `inputs = tokenizer.apply_chat_template(${turns}, add_generation_prompt=True, return_tensors="pt", return_dict=True)`,
                ]
              : [`inputs = tokenizer(${said}, return_tensors="pt")`]),
            'print(tokenizer.decode(model.generate(**inputs)[0]))',
          ),
          '**transformers.js**, with this folder on a server:',
          '',
          ...code(
            'js',
            "import { env, pipeline } from '@huggingface/transformers'",
            "env.localModelPath = '/'",
            "const write = await pipeline('text-generation', 'FOLDER', { dtype: 'fp32', local_files_only: true })",
            `console.log(await write(${contents.chat ? turns : said}, { max_new_tokens: ${Math.min(100, spec.config.block_size)} }))`,
          ),
        ]
      : [
          '**ONNX Runtime** opens `onnx/model.onnx`: `input_ids`, `attention_mask`, `position_ids` where it asks for them, and empty `past_key_values` go in.',
          '',
        ]),
    ...(contents.gguf ? llamaCpp(spec.config.block_size, spec.config.position === 'learned', prompt, contents) : []),
    ...(contents.training && training
      ? [
          '**Going on training**, from this very step:',
          '',
          ...code('sh', 'pip install torch transformers accelerate safetensors numpy', 'accelerate launch train.py'),
        ]
      : []),
    ...(contents.isRead ? ['**Glasshouse** reads this folder, its zip and its GGUF: drop it on the page.'] : []),
  ]
}

function llamaCpp(block_size: number, isBound: boolean, prompt: string, { chat }: Contents): string[] {
  const count = Math.max(1, Math.floor((block_size * 3) / 4))
  return [
    '**llama.cpp**, LM Studio and others open `model.gguf`:',
    '',
    ...code(
      'sh',
      `llama-cli -m model.gguf -c ${block_size} -n ${count} ${chat ? '-cnv' : '-no-cnv'} -p ${shell(prompt)}`,
    ),
    ...(isBound
      ? [
          `Prompt and answer take at most ${block_size} tokens together: beyond its positions, llama.cpp stops with an error.`,
          '',
        ]
      : []),
    '**Ollama**, by the `Modelfile` here:',
    '',
    ...code('sh', 'ollama create mine -f Modelfile', `ollama run mine ${shell(prompt)}`),
  ]
}

const shell = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

/** Ollama's Modelfile. */
export function modelfile({ spec }: Leaving, chat: boolean): string {
  const { block_size } = spec.config
  const held = heldByLlamaCpp(spec.config)
  const isBound = !('refused' in held) && held.family === 'gpt2'
  const turns = `{{ range .Messages }}<|{{ .Role }}|>{{ .Content }}${SPECIAL.end}{{ end }}${SPECIAL.assistant}`
  return [
    'FROM ./model.gguf',
    `TEMPLATE """${chat ? turns : '{{ .Prompt }}'}"""`,
    `PARAMETER num_ctx ${block_size}`,
    `PARAMETER num_predict ${isBound ? Math.max(1, Math.floor((block_size * 3) / 4)) : block_size}`,
    'PARAMETER temperature 0.8',
    ...(chat ? [`PARAMETER stop "${SPECIAL.end}"`] : []),
    '',
  ].join('\n')
}
