import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { brokenLimit, checkLimits, describeLimits, type Line, macToLearn, noLimits } from './rules.ts';

const line: Line = {
  nasId: 'nas_1',
  mac: 'cc:2d:e0:00:00:01',
  portId: () => 'ether1',
  circuitId: () => 'olt-1 eth 0/1',
};

describe('limits of a login', () => {
  test.each([
    [{}, null],
    [{ nasIds: ['nas_1', 'nas_2'] }, null],
    [{ nasIds: ['nas_2'] }, 'NAS_NOT_ALLOWED'],
    [{ portIds: ['ether1'] }, null],
    [{ portIds: ['ether2'] }, 'PORT_NOT_ALLOWED'],
    [{ circuitIds: ['olt-1 eth 0/2'] }, 'CIRCUIT_NOT_ALLOWED'],
    [{ macLimit: 1 }, null],
    [{ macLimit: 1, macs: ['cc:2d:e0:00:00:01'] }, null],
    [{ macLimit: 1, macs: ['cc:2d:e0:00:00:02'] }, 'MAC_NOT_ALLOWED'],
    [{ macLimit: 2, macs: ['cc:2d:e0:00:00:02'] }, null],
  ])('%o', (limits, reason) => {
    expect(brokenLimit({ ...noLimits, ...limits }, line)).toBe(reason);
  });

  test('what a NAS does not send does not pass; what a question does not say is not held against it', () => {
    const limits = { ...noLimits, portIds: ['ether1'], macLimit: 1 };
    expect(brokenLimit(limits, { ...line, portId: () => null })).toBe('PORT_NOT_ALLOWED');
    expect(brokenLimit(limits, { ...line, mac: null })).toBe('MAC_MISSING');
    expect(brokenLimit(limits, { ...line, mac: undefined, portId: () => undefined })).toBeNull();
  });

  test('a packet is not searched for what nobody is held to', () => {
    const fail = () => {
      throw new Error('looked');
    };
    const blind = { ...line, portId: fail, circuitId: fail };
    expect(brokenLimit({ ...noLimits, macLimit: 1 }, blind)).toBeNull();
    expect(describeLimits({ ...noLimits, macLimit: 1 }, blind)).toContain('learnt none yet of 1');
  });

  test('the first N lines are learnt, and exactly those are let in from then on', () => {
    const mac = fc.integer({ min: 0, max: 9 }).map((n) => `cc:2d:e0:00:00:0${n}`);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(mac, { maxLength: 30 }), (macLimit, logins) => {
        let limits = { ...noLimits, macLimit };
        for (const one of logins) {
          if (brokenLimit(limits, { ...line, mac: one }) !== null) continue;
          const learnt = macToLearn(limits, one);
          if (learnt !== null) limits = { ...limits, macs: [...limits.macs, learnt] };
        }
        expect(limits.macs).toEqual([...new Set(logins)].slice(0, macLimit));
      }),
    );
  });
});

describe('limits somebody asks for', () => {
  test.each(['CC-2D-E0-00-00-01', 'cc2d.e000.0001', 'CC2DE0000001', 'cc:2d:e0:00:00:01'])(
    '%s is the same MAC address',
    (text) => {
      expect(checkLimits({ ...noLimits, macLimit: 1, macs: [text] }).macs).toEqual(['cc:2d:e0:00:00:01']);
    },
  );
  test.each([
    [{ macLimit: 21 }, 'input.macLimit'],
    [{ macLimit: 1, macs: ['cc:2d'] }, 'cc:2d:e0:00:00:01'],
    [{ macs: ['cc:2d:e0:00:00:01'] }, 'raise macLimit'],
    [{ portIds: [' '] }, '1 to 253'],
  ])('%o is refused with what would be right', (wrong, told) => {
    let message = '';
    try {
      checkLimits({ ...noLimits, ...wrong });
    } catch (error) {
      message = JSON.stringify(error) + String(error);
    }
    expect(message).toContain(told);
  });
});
