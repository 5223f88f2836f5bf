// 微信客户端给小程序的东西。连接模拟微信时，开发者工具给出的 code 无效，改由模拟微信给出。
// What WeChat's client gives a mini program. The simulated WeChat does not know the codes of the
// developer tools, so it gives its own.

const { simulator } = require('./config')

/** 模拟微信中的小程序。 The simulated mini program. */
const APPID = 'wx1111111111111111'

const ask = (path, input) =>
  new Promise((resolve, reject) => {
    const fail = ({ errMsg }) => reject(new Error(errMsg))
    wx.request({ url: simulator + path, method: 'POST', data: input, success: ({ data }) => resolve(data), fail })
  })

/** 同一用户：登录、付款、授权都以他的名义。 One user who logs in, pays and consents. */
const simulated = Object.assign(Object.create(wx), {
  login: ({ success, fail }) => {
    ask('/codes', {}).then(success, ({ message }) => fail({ errMsg: message }))
  },
  requestPayment: ({ complete, ...given }) => {
    const opened = ask('/pay/cashier', { appid: APPID, given })
    opened.then(
      ({ outcome }) => complete({ errMsg: `requestPayment:${outcome}` }),
      () => complete({ errMsg: 'requestPayment:fail' }),
    )
  },
  requestSubscribeMessage: async ({ tmplIds }) => {
    const answer = {}
    for (const template_id of tmplIds) {
      await ask('/people', { act: 'consent', template_id })
      answer[template_id] = 'accept'
    }
    return answer
  },
})

module.exports = {
  /** 交给客户端库。 For the client library. */
  wx: simulator ? simulated : wx,

  /** 手机号按钮的 code；用户拒绝时没有。 The code of the phone number button; none if the user declined. */
  phoneCode: async ({ code }) => (simulator ? (await ask('/phone_codes', {})).code : code),
}
