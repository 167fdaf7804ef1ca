import type { ScriptedReply } from '../../standins/openai/script.ts'
import { agentEngineContract } from '../../support/agent-engine.contract.ts'
import { CascadeRig } from './cascade/engine-rig.ts'
import { EngineRig } from './realtime/engine-rig.ts'

const TOOLS = [{ name: 'weather', description: 'Tells the weather.', parameters: { type: 'object' } }]
const CALL = { name: 'weather', arguments: '{"town":"Lyon"}' }

agentEngineContract('the realtime engine', {
  make({ refused }) {
    let called = false
    return EngineRig.make(
      {
        refuse: () => (refused ? 401 : null),
        script: ({ instructions, trigger }): ScriptedReply => {
          if (trigger !== 'caller' || called) {
            return { transcript: instructions ?? 'It is sunny.', audio: { toneHz: 500, ms: 1500 } }
          }
          called = true
          return { functionCalls: [CALL] }
        }
      },
      { tools: TOOLS }
    )
  },
  speak(rig) {
    rig.speak(400)
    rig.beSilent(700)
  }
})

agentEngineContract('the cascade engine', {
  make: ({ refused }) =>
    CascadeRig.make({
      env: refused ? { DEEPGRAM_API_KEY: 'wrong', OPENAI_API_KEY: 'wrong' } : {},
      openai: {
        chat: ({ messages }) =>
          messages.some(({ role }) => role === 'tool') ? { text: 'It is sunny.' } : { toolCalls: [CALL] }
      },
      call: { tools: TOOLS }
    }),
  speak: (rig) => rig.speak()
})
