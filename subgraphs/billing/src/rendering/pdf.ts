import { minorDigits } from '@dotmac/platform/money/currency';
import { formatUnits } from '@dotmac/platform/money/decimal';
import PDFDocument from 'pdfkit';
import { paymentReference } from './rules-model.ts';
import { type DocumentSnapshot, lastDay, type PartyDetails } from './rules-snapshot.ts';

const margin = 50;
const right = 545;
const bottom = 770;
const accent = '#1f4e79';

/** What a document says, on A4. The same snapshot gives the same bytes. */
export function pdfDocument(snapshot: DocumentSnapshot, credits: string | undefined): Promise<Uint8Array> {
  const issued = new Date(`${snapshot.issuedOn}T00:00:00Z`);
  const pdf = new PDFDocument({
    size: 'A4',
    margin,
    bufferPages: true,
    info: { Title: snapshot.number, Author: snapshot.seller, CreationDate: issued, ModDate: issued },
  });
  const chunks: Uint8Array[] = [];
  const done = new Promise<Uint8Array>((resolve, reject) => {
    pdf.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    pdf.on('end', () => resolve(Buffer.concat(chunks)));
    pdf.on('error', reject);
  });
  const sign = snapshot.type === 'INVOICE' ? 1n : -1n;
  const digits = minorDigits(snapshot.currency) ?? 2;
  const money = (minor: string) => `${formatUnits(sign * BigInt(minor), digits)} ${snapshot.currency}`;

  heading(pdf, snapshot, credits);
  let y = 300;
  const withTax = snapshot.lines.some(({ taxIncluded }) => taxIncluded);
  // What each line costs with its tax, where that is what was promised.
  const at = withTax ? [margin, 270, 380, 460] : [margin, 310, 440];
  const columns = (texts: readonly string[], bold = false) => {
    pdf
      .font(bold ? 'Helvetica-Bold' : 'Helvetica')
      .fontSize(9)
      .fillColor('black');
    const widthOf = (index: number) => (at[index + 1] ?? right) - (at[index] ?? margin) - (index < 2 ? 8 : 0);
    const height = pdf.heightOfString(texts[0] ?? '', { width: widthOf(0) }) + 6;
    if (y + height > bottom) {
      pdf.addPage();
      y = margin;
    }
    for (const [index, text] of texts.entries())
      pdf.text(text, at[index], y, { width: widthOf(index), align: index < 2 ? 'left' : 'right' });
    y += height;
  };
  const rule = () => {
    pdf.moveTo(margin, y).lineTo(right, y).strokeColor(accent).lineWidth(0.7).stroke();
    y += 6;
  };
  const sums = (label: string, sum: string, note = '') => [note, label, ...(withTax ? [''] : []), sum];
  columns(['Description', 'Period', 'Net', ...(withTax ? ['With tax'] : [])], true);
  rule();
  for (const line of snapshot.lines) {
    const part = line.days === 0 || line.days === line.ofDays ? '' : ` (${line.days}/${line.ofDays} days)`;
    const until = lastDay(line.from, line.to);
    const period = until === line.from ? line.from : `${line.from} to ${until}`;
    const gross = withTax ? [money(`${BigInt(line.net) + BigInt(line.tax)}`)] : [];
    columns([`${line.description}${part}`, period, money(line.net), ...gross]);
  }
  rule();
  columns(sums('Net', money(snapshot.net)));
  for (const { name, percent, tax, reason } of snapshot.taxes)
    columns(sums(percent === undefined ? name : `${name} ${percent} %`, money(tax), reason ?? ''));
  columns(sums('Total', money(snapshot.gross)), true);
  if (snapshot.type === 'INVOICE') {
    y += 18;
    columns([`Please pay by ${snapshot.dueOn}, reference ${paymentReference(snapshot.number)}`]);
    if (snapshot.sellerDetails?.iban != null) columns([`IBAN ${snapshot.sellerDetails.iban}`]);
  }
  const { count } = pdf.bufferedPageRange();
  for (let page = 0; page < count; page++) {
    pdf.switchToPage(page);
    pdf.font('Helvetica').fontSize(8).fillColor('grey');
    pdf.text(`${snapshot.number}, page ${page + 1} of ${count}`, margin, 780, {
      width: right - margin,
      align: 'center',
      lineBreak: false,
    });
  }
  pdf.end();
  return done;
}

function heading(pdf: PDFKit.PDFDocument, snapshot: DocumentSnapshot, credits: string | undefined): void {
  pdf.font('Helvetica-Bold').fontSize(16).fillColor(accent).text(snapshot.seller, margin, margin);
  const { seller, customer, sellerDetails, customerDetails } = snapshot;
  pdf.font('Helvetica').fontSize(9).fillColor('grey');
  pdf.text([...address(sellerDetails), sellerDetails?.vatId ?? ''].filter(Boolean).join(', '), {
    width: 400,
  });
  pdf.fontSize(10).fillColor('black');
  pdf.text(
    [customer.name, ...address(customerDetails), customerDetails?.vatId ?? ''].join('\n'),
    margin,
    140,
  );
  const title = snapshot.type === 'INVOICE' ? 'Invoice' : 'Credit note';
  pdf.font('Helvetica-Bold').fontSize(14).text(`${title} ${snapshot.number}`, margin, 230);
  pdf.font('Helvetica').fontSize(9);
  const facts = [
    `Issued on ${snapshot.issuedOn} by ${seller}`,
    ...(credits === undefined ? [] : [`Credits invoice ${credits}`]),
    ...(snapshot.reason == null ? [] : [snapshot.reason]),
  ];
  pdf.text(facts.join('\n'), margin, 252);
}

function address(details: PartyDetails | undefined): string[] {
  if (details === undefined) return [];
  const town = [details.postalCode, details.city].filter((part) => part != null).join(' ');
  return [details.street ?? '', town, details.country ?? ''].filter((part) => part !== '');
}
