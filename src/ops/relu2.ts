// Squared ReLU: see shaders/relu2.wgsl.
import source from '../../shaders/relu2.wgsl?raw'
import { elementwise } from './op'

export const relu2 = elementwise({ name: 'relu2', source }, [2, 3])
