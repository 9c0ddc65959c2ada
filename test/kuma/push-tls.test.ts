import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { before, describe, test } from 'node:test'
import { ConfigError } from '../../src/lib/errors.ts'
import { type Certificates, createCertificates } from '../helpers/certificates.ts'
import { openPusher, pushTo } from '../helpers/push-to.ts'
import { serveHttp, serveTcp } from '../helpers/scripted-server.ts'

const ok: RequestListener = (_, response) => response.end('{"ok":true}')

describe('a push over https', () => {
  let certificates: Certificates
  before(async () => {
    certificates = await createCertificates()
  })

  test('is accepted when the private authority is given', async (t) => {
    const { ca, server } = certificates
    const { port } = await serveHttp(t, ok, { tls: server })
    assert.equal((await pushTo(t, `https://127.0.0.1:${port}`, { ca })).kind, 'accepted')
    assert.equal((await pushTo(t, `https://localhost:${port}`, { ca })).kind, 'accepted')
  })

  test('does not trust a private authority that it was not given, and says where to give it', async (t) => {
    const { port } = await serveHttp(t, ok, { tls: certificates.server })
    const answer = await pushTo(t, `https://127.0.0.1:${port}`)
    assert.equal(answer.kind, 'tls')
    assert.equal(answer.retry, 'slow')
    assert.match(
      answer.says,
      /cannot be trusted, or wants a certificate \(unable to .* certificate.*\): give its CA as ca_file/,
    )
  })

  test('is accepted from anybody when that was asked for', async (t) => {
    for (const tls of [
      certificates.server,
      certificates.foreign,
      certificates.expired,
      certificates.selfSigned,
    ]) {
      const { port } = await serveHttp(t, ok, { tls })
      assert.equal((await pushTo(t, `https://127.0.0.1:${port}`, { insecure: true })).kind, 'accepted')
    }
  })

  test('trusts a self-signed certificate that is given as its own authority', async (t) => {
    const { selfSigned } = certificates
    const { port } = await serveHttp(t, ok, { tls: selfSigned })
    assert.equal((await pushTo(t, `https://127.0.0.1:${port}`, { ca: selfSigned.cert })).kind, 'accepted')
    assert.equal((await pushTo(t, `https://127.0.0.1:${port}`)).kind, 'tls')
  })

  test("refuses a certificate for another host's name", async (t) => {
    const { ca, foreign } = certificates
    const { port } = await serveHttp(t, ok, { tls: foreign })
    const answer = await pushTo(t, `https://127.0.0.1:${port}`, { ca })
    assert.equal(answer.kind, 'certificate')
    assert.match(answer.says, /IP: 127\.0\.0\.1 is not in the cert's list.*: set the URL to a name /)
  })

  test('refuses a certificate whose time is over', async (t) => {
    const { ca, expired } = certificates
    const { port } = await serveHttp(t, ok, { tls: expired })
    const answer = await pushTo(t, `https://127.0.0.1:${port}`, { ca })
    assert.equal(answer.kind, 'certificate')
    assert.match(answer.says, /\(certificate has expired\): renew its certificate, /)
  })

  test('shows its client certificate where one is wanted', async (t) => {
    const { ca, server, client } = certificates
    const shown: unknown[] = []
    const { port } = await serveHttp(
      t,
      (request, response) => {
        shown.push((request.socket as TLSSocket).getPeerCertificate().subject.CN)
        ok(request, response)
      },
      { tls: { ...server, ca, requestCert: true, rejectUnauthorized: true } },
    )
    const url = `https://127.0.0.1:${port}`
    const accepted = await pushTo(t, url, { ca, clientCert: client.cert, clientKey: client.key })
    assert.equal(accepted.kind, 'accepted')
    assert.deepEqual(shown, ['client'])
    assert.notEqual((await pushTo(t, url, { ca })).kind, 'accepted')
  })

  test('says so when the other side speaks plain HTTP', async (t) => {
    const { port } = await serveHttp(t, ok)
    const answer = await pushTo(t, `https://127.0.0.1:${port}`)
    assert.equal(answer.kind, 'no-tls')
    assert.match(answer.says, /speaks no TLS: correct https:\/\/ or the port of the URL$/)
  })

  test('is not accepted when a TLS handshake never ends', async (t) => {
    const { port } = await serveTcp(t, () => undefined)
    const answer = await pushTo(t, `https://127.0.0.1:${port}`, { timeoutMs: 300 })
    assert.equal(answer.kind, 'unreachable')
    assert.equal(answer.retry, 'quick')
  })

  test('follows the redirect from http of a proxy, and never one back to http', async (t) => {
    const { ca, server } = certificates
    const secure = await serveHttp(t, ok, { tls: server })
    const { port } = await serveHttp(t, (request, response) => {
      response.writeHead(301, { location: `https://127.0.0.1:${secure.port}${request.url}` }).end()
    })
    assert.equal((await pushTo(t, `http://127.0.0.1:${port}`, { ca })).kind, 'accepted')

    const back = await serveHttp(
      t,
      (request, response) => {
        response.writeHead(301, { location: `http://127.0.0.1:${port}${request.url}` }).end()
      },
      { tls: server },
    )
    const answer = await pushTo(t, `https://127.0.0.1:${back.port}`, { ca })
    assert.equal(answer.kind, 'redirect')
    assert.match(
      answer.says,
      /a redirect to http:\/\/, not followed since the token would travel in the open/,
    )
  })

  test('is a configuration error when certificate or key are no PEM, or do not belong together', async (t) => {
    const { server, client } = certificates
    const wrong = [
      { ca: 'not a certificate' },
      { clientCert: 'nonsense', clientKey: client.key },
      { clientCert: client.cert, clientKey: 'nonsense' },
      { clientCert: client.cert, clientKey: server.key },
    ]
    for (const options of wrong) {
      await assert.rejects(openPusher(t, 'https://127.0.0.1', options), (error) => {
        assert.ok(error instanceof ConfigError)
        assert.match(
          error.message,
          /^kuma: the contents of ca_file, client_cert_file or client_key_file cannot be used \(/,
        )
        return true
      })
    }
  })
})
