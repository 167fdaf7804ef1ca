import type { Tool } from '../../sessions/contracts/tool.ts'

import { productSentence } from './product-sentence.ts'

/** More than this nobody listens to. */
const LIMIT = 5

export interface FoundProduct {
  readonly name: string
  readonly description: string
  readonly price: number | null
  readonly currency: string
  readonly in_stock: boolean
}

/** Looks in the operator's products. */
export function searchProducts(
  search: (text: string, limit: number) => Promise<readonly FoundProduct[]>,
  language: string
): Tool {
  return {
    spec: {
      name: 'search_products',
      description:
        'Finds products by words of their name or description, with price and whether they are in stock.',
      parameters: {
        type: 'object',
        properties: { query: { type: 'string', description: 'What the caller asks for, in a few words.' } },
        required: ['query'],
        additionalProperties: false
      }
    },
    async run({ query }) {
      const found = await search(String(query ?? ''), LIMIT)
      const products = found.map(({ name, description, price, currency, in_stock }) => ({
        name,
        description,
        price,
        currency,
        in_stock
      }))
      return JSON.stringify({ say: productSentence(products, language), products })
    }
  }
}
