/** Legal forms that registrants write behind their names. */
const LEGAL =
  /[\s,]+(?:(?:co(?:mpany)?|corp(?:oration)?|inc(?:orporated)?|l\.?l\.?c|ltd|limited|gmbh(?: ?& co\.? ?kg)?|mbh|a\.?g|kg|s\.?a\.?s?|s\.?r\.?l|s\.?p\.?a|b\.?v|n\.?v|a\.?b|a\/s|aps|as|oyj?|o[üu]|pty|pte|plc|llp|sp\.? z\.? ?o\.? ?o|s\.? ?r\.? ?o|a\.s|d\.o\.o|k\.k|kft|zrt|sdn\.? bhd|jsc|cjsc|pvt|private|public|intl?)\b\.?,?)\s*$/i;
/** Words that say what a maker makes; left out when a name of its own stands before them. */
const TRADE =
  /[\s,]+(?:systems?|networks?|technolog(?:y|ies)|electronics?|communications?|telecom(?:munications?)?|software|solutions?|international|group|holdings?|industr(?:y|ies|ial)|enterprises?)\s*$/i;

/**
 * The ordinary spelling of a name in the IANA registry: `Ubiquiti Networks, Inc.` is `Ubiquiti`. Remarks in brackets,
 * legal forms and words of the trade are left out; null when nothing is left.
 */
export function makerName(registered: string): string | null {
  let name = registered
    .replace(/\s#.*$/, '')
    .replace(/\(.*?\)|\[.*?\]|https?:\S+/g, ' ')
    .replace(/["“”]/g, '')
    .replace(/\s+(?:formerly|previously|was|dba|d\/b\/a|c\/o)\s.*$/i, '')
    .replace(/\s+/g, ' ')
    .trim();
  for (;;) {
    const shorter = name.replace(LEGAL, '').trim();
    if (shorter === name || shorter === '') break;
    name = shorter;
  }
  const bare = name.replace(TRADE, '').trim();
  if (
    bare.length >= 4 &&
    !/^(?:the|advanced|digital|general|global|national|american|united|\w+ (?:and|&|of|for))$/i.test(bare)
  ) {
    name = bare;
  }
  name = name.replace(/[\s,;.&-]+$/, '').replace(/^(.+), the$/i, 'The $1');
  return name === '' || /^(?:reserved|unassigned|unused|none|withdrawn)$/i.test(name) ? null : name;
}

/** Words of the trade in front of a model. */
const TRADE_FIRST =
  /^(?:(?:systems?|networks?|wireless|technolog(?:y|ies)|inc\.?|ltd\.?|corp\.?|co\.?)[\s,]+)+/i;

/** A model without the maker's name in front: `Ruckus Wireless R850` is the `R850` of Ruckus. */
export function withoutMaker(model: string, maker: string | null): string {
  if (maker === null || !model.toLowerCase().startsWith(`${maker.toLowerCase()} `)) return model;
  const rest = model.slice(maker.length).trim().replace(TRADE_FIRST, '');
  return /\d/.test(rest) && rest.length > 2 ? rest : model;
}
