// Whether a model was trained on conversations: its tokenizer has the tokens that say who speaks and where a turn ends.
import { SPECIAL, type TokenizerState } from '../../words/tokens'

export function isChat({ special }: TokenizerState): boolean {
  return [SPECIAL.user, SPECIAL.assistant, SPECIAL.end].every((token) => special?.includes(token) ?? false)
}
