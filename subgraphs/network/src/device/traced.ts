import type { DeviceDriver, DeviceSession, OperationContext } from '@dotmac/device';
import { withSpan } from '@dotmac/platform';

/** A driver whose every call to a device is a span (`device.probe`, `device.plan`, …) of the work that makes it. */
export function traced<Credential>(driver: DeviceDriver<Credential>): DeviceDriver<Credential> {
  const { protocol } = driver;
  return {
    protocol,
    open: (target, credential) => tracedSession(protocol, driver.open(target, credential)),
  };
}

function tracedSession(protocol: string, session: DeviceSession): DeviceSession {
  const span = <T>(name: string, { operationId, priority }: OperationContext, work: () => Promise<T>) =>
    withSpan(
      `device.${name}`,
      {
        'device.id': session.target.id,
        'device.protocol': protocol,
        'dotmac.operation': operationId,
        'dotmac.priority': priority,
      },
      work,
    );
  return {
    target: session.target,
    probe: (context) => span('probe', context, () => session.probe(context)),
    plan: (desired, context) => span('plan', context, () => session.plan(desired, context)),
    apply: (plan, context) => span('apply', context, () => session.apply(plan, context)),
    verify: (desired, context) => span('verify', context, () => session.verify(desired, context)),
    ...(session.alive === undefined ? {} : { alive: session.alive.bind(session) }),
    ...(session.readPort === undefined ? {} : { readPort: session.readPort.bind(session) }),
    // These give rows as they come, for as long as somebody takes them.
    read: session.read.bind(session),
    ...(session.stream === undefined ? {} : { stream: session.stream.bind(session) }),
    close: () => session.close(),
  };
}
