/**
 * 让 APICloud 应用中对 api.require('wx') 与 api.require('wxPlus') 的调用继续可用：登录与用户信息由后端
 * 完成，其余交给原生模块。在 apiready 中、首次 api.require 之前调用：
 *
 * Keeps calls of api.require('wx') and api.require('wxPlus') in an APICloud app working: logins and
 * profiles come from the backend, all else is left to the native module. Call it in apiready, before
 * the first api.require:
 *
 *   installWechat('https://api.example.com', 'wx0123456789abcdef')
 */
function installWechat(base, appid) {
  'use strict'

  var nativeRequire = api.require
  var session = ''

  // What begins at WeChat's client and ends there: nothing for a server to do.
  var NATIVE = ['isInstalled', 'auth', 'shareMutableImg', 'addJumpFromWxListener', 'sendShowMessageResp', 'startWeiXinCard']

  // What the server checks before the client does it.
  var SHARES = {
    shareText: 'text',
    shareImage: 'image',
    shareMusic: 'music',
    shareVideo: 'video',
    shareWebpage: 'webpage',
    shareProgram: 'program',
    shareMusicVideo: 'musicVideo',
    sendGetMessageResp: 'message',
  }

  // The modules' numbers for a network that does not answer.
  var NO_LOGIN = 4
  var NO_PROFILE = 6

  function call(method, path, input, token, done, repeated) {
    var headers = { 'Content-Type': 'application/json' }
    if (token) headers.Authorization = 'Bearer ' + token
    var options = { url: base + path, method: method, headers: headers, dataType: 'json', timeout: 30 }
    if (method === 'post') options.data = { body: JSON.stringify(input) }
    else options.url += '?' + query(input)
    api.ajax(options, function (ret, err) {
      if (!err) return done(ret)
      var problem = read(err)
      if (repeated || !isWorthAnotherTry(problem)) return done(null, problem)
      setTimeout(function () {
        call(method, path, input, token, done, true)
      }, problem.retry_after * 1000)
    })
  }

  function read(err) {
    var problem = err.body
    try {
      if (typeof problem === 'string') problem = JSON.parse(problem)
    } catch (e) {
      problem = null
    }
    return problem && problem.type ? problem : { type: 'network', detail: err.msg }
  }

  /** Nothing was done yet, and the server says that it soon can be. */
  function isWorthAnotherTry(problem) {
    var nothingDone = problem.status === 429 || problem.type === 'credential-unavailable' || problem.type === 'in-progress'
    return nothingDone && problem.retry_after <= 5
  }

  function query(input) {
    return Object.keys(input)
      .map(function (name) {
        return encodeURIComponent(name) + '=' + encodeURIComponent(input[name])
      })
      .join('&')
  }

  /** The parameters but for those that mean nothing to the server. */
  function without(params, names) {
    var rest = {}
    Object.keys(params || {}).forEach(function (name) {
      if (names.indexOf(name) < 0 && params[name] !== undefined) rest[name] = params[name]
    })
    rest.appid = (params && params.apiKey) || appid
    return rest
  }

  /** As the modules answer: `status` is in the first argument, the number in the second. */
  function answer(callback, ret, problem, noAnswer) {
    if (!callback) return
    if (!problem) return callback(ret)
    var code = problem.type === 'network' ? noAnswer : problem.code
    callback({ status: false }, { code: code === undefined ? -1 : code, msg: problem.detail })
  }

  function wrap(name, native) {
    var module = native ? Object.create(native) : {}

    function phone(method, params, callback) {
      if (native && native[method]) {
        var given = params === undefined ? [] : [params]
        return native[method].apply(native, callback === undefined ? given : given.concat(callback))
      }
      // The callback is the only argument of some.
      var told = typeof params === 'function' ? params : callback
      answer(told, null, { detail: name + ' has no ' + method + ': build the app with the native module. 请加入原生模块后重新编译应用。' })
    }

    /** Both log in, and answer with a session. */
    function login(path, ignored) {
      return function (params, callback) {
        call('post', path, without(params, ignored), '', function (ret, problem) {
          if (ret) {
            session = ret.session_token
            ret.accessToken = session
          }
          answer(callback, ret, problem, NO_LOGIN)
        })
      }
    }

    /** Checks on the server, then calls the phone with the checked parameters. */
    function checked(method, path, verb, kind) {
      return function (params, callback) {
        if (!session && verb === 'post') return phone(method, params, callback)
        var input = without(params, ['apiKey'])
        if (kind) input.kind = kind
        call(verb, path, input, session, function (ret, problem) {
          if (ret) return phone(method, ret.params, callback)
          // A network failure or an expired session is no reason not to share.
          if (problem.type === 'network' || problem.status === 401 || problem.status >= 429) return phone(method, params, callback)
          answer(callback, ret, problem)
        })
      }
    }

    NATIVE.forEach(function (method) {
      module[method] = function (params, callback) {
        return phone(method, params, callback)
      }
    })
    Object.keys(SHARES).forEach(function (method) {
      module[method] = checked(method, '/app/share', 'post', SHARES[method])
    })
    module.launchMiniProgram = checked('launchMiniProgram', '/app/launchMiniProgram', 'post')
    module.openCustomerService = checked('openCustomerService', '/app/openCustomerService', 'post')
    module.subscribeMsg = checked('subscribeMsg', '/app/subscribeMsg', 'get')
    module.getToken = login('/oauth/getToken', ['apiKey', 'apiSecret'])
    module.refreshToken = login('/oauth/refreshToken', ['apiKey'])
    module.getUserInfo = function (params, callback) {
      session = (params && params.accessToken) || session
      call('post', '/oauth/getUserInfo', without(params, ['apiKey', 'accessToken']), session, function (ret, problem) {
        answer(callback, ret, problem, NO_PROFILE)
      })
    }
    return module
  }

  api.require = function (name) {
    var native = nativeRequire.call(api, name)
    return name === 'wxPlus' || name === 'wx' ? wrap(name, native) : native
  }
}
