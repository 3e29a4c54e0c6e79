/** What several profiles are made of. */
export const userName = { attribute: 'User-Name', value: '{session.username}' };
export const framedIp = { attribute: 'Framed-IP-Address', value: '{session.address}' };
export const sessionId = { attribute: 'Acct-Session-Id', value: '{session.id}' };
export const nasIp = { attribute: 'NAS-IP-Address', value: '{nas.address}' };
/** Names that a NAS must know before it can be told to use them. */
export const names = {
  'list.open': 'dotmac-active',
  'list.garden': 'dotmac-suspended',
  'garden.name': 'dotmac-garden',
  'filter.open': 'dotmac-open',
};
