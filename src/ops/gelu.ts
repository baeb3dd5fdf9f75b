// GELU, tanh form: see shaders/gelu.wgsl.
import source from '../../shaders/gelu.wgsl?raw'
import { elementwise } from './op'

export const gelu = elementwise({ name: 'gelu', source }, [12, 20])
